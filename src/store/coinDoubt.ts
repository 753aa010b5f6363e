import type { ChainStore } from '../chain/ports.ts';
import { displayOutPoint, type OutPoint } from '../primitives/outpoint.ts';
import type { DamageLatch } from './damageLatch.ts';
import { corrupt, REINDEX_COINS, type StoreError } from './errors.ts';
import type { TablesInUse } from './level/tablesInUse.ts';
import { coinKey } from './schema.ts';

/** All coins are read at most so often: who makes blocks that spend what is not there must not keep the node busy. */
const ALL_EVERY_MS = 60 * 60_000;

type CoinsInUse = Pick<ChainStore, 'coins' | 'allCoins' | 'coinCount'>;

export interface CoinDoubtParts {
  /** The database's folder, for messages. */
  readonly path: string;
  readonly tables: TablesInUse;
  readonly latch: DamageLatch;
  readonly nowMs: () => number;
  /** Hears that all coins are being read, which may take minutes. */
  readonly tell: (message: string) => void;
}

/**
 * Finds out whether a database that knows no such coin, or knows one that should be gone, can be trusted in that. A flipped
 * bit in a key, or in an index block, makes a coin vanish, and no checksum of a record tells. Three looks, each at more:
 *   1. the tables in which the coin would lie;
 *   2. all tables, and 3. all coins: a compaction may have written damage anew with good checksums, but not the record that is
 *      misplaced now, nor the number of coins. These at most once an hour.
 */
export class CoinDoubt {
  readonly #parts: CoinDoubtParts;
  #allAt = Number.NEGATIVE_INFINITY;

  constructor(parts: CoinDoubtParts) {
    this.#parts = parts;
  }

  /** `found`: what the database said; its coins do not change meanwhile. Throws StoreError 'corrupt', and all writing ends, when it cannot be trusted. */
  async look(outpoint: OutPoint, found: boolean, store: CoinsInUse): Promise<void> {
    const { nowMs, tell, path } = this.#parts;
    const name = `coin ${displayOutPoint(outpoint)} ${found ? 'is there and should not be' : 'is not there'}`;
    await this.#tables(name, coinKey(outpoint));
    const [again] = await store.coins([outpoint]);
    if ((again !== undefined) !== found) throw this.#damage(path, `${name}, and asked again it is otherwise`);
    if (nowMs() - this.#allAt < ALL_EVERY_MS) return;
    this.#allAt = nowMs();
    tell(`${name}: before a block is refused for that, all coins are verified`);
    await this.#tables(name);
    let number = 0;
    for await (const _ of store.allCoins()) number++;
    const expected = await store.coinCount();
    if (number !== expected)
      throw this.#damage(path, `${name}, and there are ${number} coins, not ${expected} as the database counts`);
  }

  async #tables(name: string, key?: Uint8Array): Promise<void> {
    const damage = await this.#parts.tables.verify(key);
    if (damage === undefined) return;
    const where = damage.offset === undefined ? '' : `offset ${damage.offset}: `;
    throw this.#damage(damage.path, `${name}: ${where}${damage.detail}`);
  }

  #damage(path: string, message: string): StoreError {
    return this.#parts.latch.report(corrupt(path, message, REINDEX_COINS));
  }
}
