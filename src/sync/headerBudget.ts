import { Lru } from '../util/lru.ts';
import type { Clock } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';

export interface BudgetSize {
  readonly burst: number;
  /** Per second. */
  readonly refill: number;
}

/**
 * Side headers: valid ones that do not raise the best chain. An honest peer shows a fork or two; one that keeps sending
 * them fills our memory at little cost where proof of work is easy.
 */
const SIDE_HEADERS: BudgetSize = { burst: 4000, refill: 2 };

const PEERS = 1024;

interface Account {
  left: number;
  atMs: number;
}

/** How many side headers each peer may still add. */
export class HeaderBudget {
  readonly #clock: Clock;
  readonly #size: BudgetSize;
  /** Kept after a peer left: reconnecting does not fill it up again. */
  readonly #accounts = new Lru<PeerKey, Account>(PEERS);

  constructor(clock: Clock, size: BudgetSize = SIDE_HEADERS) {
    this.#clock = clock;
    this.#size = size;
  }

  /** Charges `count` side headers; false when the peer has overdrawn ('header-flood'). */
  charge(peer: PeerKey, count: number): boolean {
    const now = this.#clock.monotonicMs();
    const { burst, refill } = this.#size;
    const account = this.#accounts.get(peer) ?? { left: burst, atMs: now };
    account.left = Math.min(burst, account.left + ((now - account.atMs) / 1000) * refill) - count;
    account.atMs = now;
    this.#accounts.set(peer, account);
    return account.left >= 0;
  }
}
