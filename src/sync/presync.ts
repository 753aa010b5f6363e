import type { SealedHeader } from '../primitives/header.ts';
import { broken, type Check, passed } from '../primitives/rules.ts';
import type { Random } from '../util/ports.ts';
import type { HeaderWalk } from './headerWalk.ts';

/** One bit is kept per so many headers: 1 M headers leave 1,667 bits (protocol A.3, Bitcoin Core's HeadersSyncState). */
export const COMMITMENT_PERIOD = 600;
/** Headers are let go in the second pass only when so many after them matched 24 commitments: a fake passes with 2^-24. */
export const REDOWNLOAD_BUFFER = COMMITMENT_PERIOD * 24;

/**
 * Salted one-bit commitments to headers by height. The bit is the parity of hash AND mask: for a mask the peer does not
 * know, two different hashes agree with probability one half.
 */
export class Commitments {
  readonly #mask: Uint8Array;
  readonly #offset: number;
  readonly #bits: (0 | 1)[] = [];

  constructor(random: Random) {
    this.#mask = random.bytes(32);
    this.#offset = Math.floor(random.unit() * COMMITMENT_PERIOD);
  }

  get count(): number {
    return this.#bits.length;
  }

  /** Remembers the header at `height` if its turn has come. Heights come in order. */
  add(height: number, hash: Uint8Array): void {
    if (height % COMMITMENT_PERIOD === this.#offset) this.#bits.push(this.#bit(hash));
  }

  /** Takes the oldest bit if the height is a committed one; false when it differs or none is left. */
  matches(height: number, hash: Uint8Array): boolean {
    if (height % COMMITMENT_PERIOD !== this.#offset) return true;
    return this.#bits.shift() === this.#bit(hash);
  }

  #bit(hash: Uint8Array): 0 | 1 {
    let x = 0;
    for (let i = 0; i < 32; i++) x ^= (hash[i] as number) & (this.#mask[i] as number);
    x ^= x >> 4;
    x ^= x >> 2;
    return ((x ^ (x >> 1)) & 1) as 0 | 1;
  }
}

/** First pass: walk and commit, until the chain has shown `work` or is longer than the peer said. */
export interface PresyncLimits {
  /** Chain work from which headers are worth memory. */
  readonly work: bigint;
  /** A chain longer than this without that work is a flood. */
  readonly maxHeight: number;
}

/** What a pass wants next: `ask` for headers after its last one, or it has ended. */
export type PassStep = { readonly next: 'ask' } | { readonly next: 'enough' } | { readonly next: 'short' };

/** Walks an answer in the first pass. Rules: the judge's, header-flood. */
export function presyncStep(
  walk: HeaderWalk,
  commitments: Commitments,
  limits: PresyncLimits,
  answer: { readonly headers: readonly SealedHeader[]; readonly more: boolean },
  nowMs: number,
): Check<PassStep> {
  for (const sealed of answer.headers) {
    const verdict = walk.step(sealed, nowMs);
    if (!verdict.ok) return verdict;
    commitments.add(walk.height, sealed.header.hash);
    if (walk.work >= limits.work) return passed({ next: 'enough' });
    if (walk.height > limits.maxHeight) {
      return broken('header-flood', `${walk.height} headers with work ${walk.work}, short of ${limits.work}`);
    }
  }
  return passed({ next: answer.more ? 'ask' : 'short' });
}

/** Second pass: the same headers again, checked against the commitments, let go in order once enough is behind them. */
export class Redownload {
  readonly #walk: HeaderWalk;
  readonly #commitments: Commitments;
  readonly #work: bigint;
  #buffer: SealedHeader[] = [];
  #complete = false;

  constructor(walk: HeaderWalk, commitments: Commitments, work: bigint) {
    this.#walk = walk;
    this.#commitments = commitments;
    this.#work = work;
  }

  /** True when the chain has shown its work again: the rest goes the ordinary way. */
  get complete(): boolean {
    return this.#complete;
  }
  get walk(): HeaderWalk {
    return this.#walk;
  }

  /** Headers that may enter the tree now. Rules: the judge's, header-flood for another chain than in the first pass. */
  step(headers: readonly SealedHeader[], nowMs: number): Check<readonly SealedHeader[]> {
    for (const sealed of headers) {
      const verdict = this.#walk.step(sealed, nowMs);
      if (!verdict.ok) return verdict;
      if (!this.#complete && !this.#commitments.matches(this.#walk.height, sealed.header.hash)) {
        return broken('header-flood', `header ${sealed.header.id} is not the one shown before`);
      }
      this.#buffer.push(sealed);
      if (this.#walk.work >= this.#work) this.#complete = true;
    }
    const keep = this.#complete ? 0 : REDOWNLOAD_BUFFER;
    const ready = this.#buffer.slice(0, Math.max(0, this.#buffer.length - keep));
    this.#buffer = this.#buffer.slice(ready.length);
    return passed(ready);
  }
}
