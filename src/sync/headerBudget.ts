import type { Clock } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';

/**
 * Side headers: valid ones that do not raise the best chain. An honest peer shows a fork or two; one that keeps sending
 * them fills our memory at little cost where proof of work is easy.
 */
const BURST = 4000;
/** Headers per second that come back. */
const REFILL = 2;

interface Account {
  left: number;
  atMs: number;
}

/** How many side headers each peer may still add. */
export class HeaderBudget {
  readonly #clock: Clock;
  readonly #accounts = new Map<PeerKey, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Charges `count` side headers; false when the peer has overdrawn ('header-flood'). */
  charge(peer: PeerKey, count: number): boolean {
    const now = this.#clock.monotonicMs();
    const account = this.#accounts.get(peer) ?? { left: BURST, atMs: now };
    account.left = Math.min(BURST, account.left + ((now - account.atMs) / 1000) * REFILL) - count;
    account.atMs = now;
    this.#accounts.set(peer, account);
    return account.left >= 0;
  }

  forget(peer: PeerKey): void {
    this.#accounts.delete(peer);
  }
}
