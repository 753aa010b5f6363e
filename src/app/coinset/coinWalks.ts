import type { CoinWalk } from '../../chain/coinWalk.ts';
import type { CoinChange } from '../../ledger/coin.ts';
import type { Lifetime } from '../../util/lifetime.ts';

/** Coins taken between two turns of the event loop: below 10 ms with the slower hash. */
export const COINS_PER_TURN = 500;

/** Jobs that read all coins: they take minutes on a large chain, leave the event loop free, and end when the node stops. */
export class CoinWalks {
  readonly #pause: () => Promise<void>;
  readonly #slice: number;
  readonly #running = new Set<Promise<unknown>>();
  #stopping = false;

  /** Closing `lifetime` ends every job and waits for it. */
  constructor(pause: () => Promise<void>, lifetime: Lifetime, slice = COINS_PER_TURN) {
    this.#pause = pause;
    this.#slice = slice;
    lifetime.add(async () => {
      this.#stopping = true;
      await Promise.allSettled(this.#running);
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Runs a job that ends soon after `stopping` has become true. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    const work = job();
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Gives every coin to `take`. False when the node stops, or `gone` became true, before the last. Ends the walk. */
  async each(coins: CoinWalk, take: (change: CoinChange) => unknown, gone = (): boolean => false): Promise<boolean> {
    let n = 0;
    for await (const change of coins) {
      const wait = take(change);
      if (wait !== undefined) await wait;
      if (++n % this.#slice !== 0) continue;
      if (this.#stopping || gone()) return false;
      await this.#pause();
    }
    return true;
  }
}
