import { type Hash256, hashKey } from '../primitives/hash.ts';
import { Lru } from '../util/lru.ts';

/** About ten minutes of transactions at 50 per second. */
const TXS = 30_000;
const BLOCKS = 512;

/** What came by gossip: gossip passes it on by itself once it is accepted, so it is not announced again. */
export class Heard {
  readonly #txs = new Lru<string, true>(TXS);
  readonly #blocks = new Lru<string, true>(BLOCKS);

  addTx(wtxid: Hash256): void {
    this.#txs.set(hashKey(wtxid), true);
  }
  hasTx(wtxid: Hash256): boolean {
    return this.#txs.has(hashKey(wtxid));
  }
  addBlock(hash: Hash256): void {
    this.#blocks.set(hashKey(hash), true);
  }
  /** It did not become our tip, so gossip does not pass it on from here. */
  removeBlock(hash: Hash256): void {
    this.#blocks.delete(hashKey(hash));
  }
  hasBlock(hash: Hash256): boolean {
    return this.#blocks.has(hashKey(hash));
  }
}
