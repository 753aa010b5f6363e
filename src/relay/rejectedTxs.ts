import { type Hash256, hashKey } from '../primitives/hash.ts';
import type { Broken } from '../primitives/rules.ts';
import { Lru } from '../util/lru.ts';

/** Bitcoin Core keeps a filter of 120,000; the verdict is kept with each here, so fewer. */
const CAPACITY = 20_000;

/**
 * Transactions refused since the tip last moved, by wtxid, so that the same one is not judged for every peer that sends
 * it. Forgotten on each new tip: what was too early, or conflicted, may be good then.
 */
export class RejectedTxs {
  readonly #verdicts = new Lru<string, Broken>(CAPACITY);

  get(wtxid: Hash256): Broken | undefined {
    return this.#verdicts.get(hashKey(wtxid));
  }

  add(wtxid: Hash256, fault: Broken): void {
    this.#verdicts.set(hashKey(wtxid), fault);
  }

  clear(): void {
    this.#verdicts.clear();
  }
}
