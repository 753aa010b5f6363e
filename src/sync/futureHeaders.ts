import type { SealedHeader } from '../primitives/header.ts';
import type { PeerKey } from '../wire/peer.ts';

/** Enough for every peer's next few blocks; a header costs its sender proof of work at the current difficulty. */
const MAX_HEADERS = 64;
const MAX_PER_PEER = 8;

interface Waiting {
  readonly sealed: SealedHeader;
  readonly peer: PeerKey;
  readonly dueMs: number;
}

/**
 * Headers whose time lies too far ahead (rule H4): kept until it comes, their senders are not blamed. Bounded: the one due
 * last gives way.
 */
export class FutureHeaders {
  readonly #waiting = new Map<string, Waiting>();
  readonly #maxFutureSeconds: number;

  constructor(maxFutureSeconds: number) {
    this.#maxFutureSeconds = maxFutureSeconds;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Unix milliseconds at which the next header is due, undefined when none waits. */
  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#waiting.values()) if (next === undefined || dueMs < next) next = dueMs;
    return next;
  }

  add(peer: PeerKey, sealed: SealedHeader): void {
    const key = sealed.header.key;
    if (this.#waiting.has(key)) return;
    const own = [...this.#waiting.values()].filter((w) => w.peer === peer);
    if (own.length >= MAX_PER_PEER) return;
    const dueMs = (sealed.header.time - this.#maxFutureSeconds) * 1000;
    this.#waiting.set(key, { sealed, peer, dueMs });
    if (this.#waiting.size > MAX_HEADERS) this.#dropLast();
  }

  /** Takes out what is due at `nowMs`, earliest first. */
  takeDue(nowMs: number): readonly { readonly sealed: SealedHeader; readonly peer: PeerKey }[] {
    const due = [...this.#waiting.values()].filter((w) => w.dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const { sealed } of due) this.#waiting.delete(sealed.header.key);
    return due;
  }

  #dropLast(): void {
    let last: Waiting | undefined;
    for (const w of this.#waiting.values()) if (last === undefined || w.dueMs > last.dueMs) last = w;
    if (last !== undefined) this.#waiting.delete(last.sealed.header.key);
  }
}
