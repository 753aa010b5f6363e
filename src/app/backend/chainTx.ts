import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';

/** Every so many blocks a sum is kept. */
const STEP = 1000;

/**
 * Transactions of the chain up to a block, as Bitcoin Core's m_chain_tx_count: up to the base of a snapshot whose past is not
 * validated yet they are as many as operator or network say; below it unknown until every block from genesis on is there.
 */
export class ChainTxCounts {
  readonly #chain: Pick<ChainManager, 'snapshot'>;
  #sums = new WeakMap<HeaderEntry, number>();
  #base: HeaderEntry | undefined;

  constructor(chain: Pick<ChainManager, 'snapshot'>) {
    this.#chain = chain;
  }

  /** The entry's own transactions included; undefined while unknown. */
  upTo(entry: HeaderEntry): number | undefined {
    const { base, chainTx = 0 } = this.#chain.snapshot;
    if (base !== this.#base) {
      this.#base = base;
      this.#sums = new WeakMap();
    }
    const path: HeaderEntry[] = [];
    let sum: number | undefined;
    for (let at: HeaderEntry | undefined = entry; sum === undefined; at = at.parent) {
      sum = at === undefined ? 0 : at === base ? chainTx : this.#sums.get(at);
      if (at === undefined || sum !== undefined) break;
      if (at.txCount === 0) return undefined;
      path.push(at);
    }
    let count = sum ?? 0;
    for (let at = path.pop(); at !== undefined; at = path.pop()) {
      count += at.txCount;
      if (at === entry || at.height % STEP === 0) this.#sums.set(at, count);
    }
    return count;
  }
}
