import type { ChainStore } from '../chain/ports.ts';
import { displayOutPoint, type OutPoint } from '../primitives/outpoint.ts';
import type { DamageLatch } from './damageLatch.ts';
import { corrupt, REINDEX_COINS, type StoreError } from './errors.ts';
import type { TablesInUse } from './level/tablesInUse.ts';
import { coinKey } from './schema.ts';

/** All coins are read at most so often: who makes blocks that spend what is not there must not keep the node busy. */
const ALL_EVERY_MS = 60 * 60_000;
/** And for so long: no block connects meanwhile. Some 15 million coins, or the tables of many more. */
const ALL_FOR_MS = 60_000;
/** Coins between two looks at the clock. */
const STEP = 1000;

type CoinsInUse = Pick<ChainStore, 'coins' | 'allCoins' | 'coinCount'>;

export interface CoinDoubtParts {
  /** The database's folder, for messages. */
  readonly path: string;
  readonly tables: Pick<TablesInUse, 'verify'>;
  readonly latch: DamageLatch;
  readonly nowMs: () => number;
  /** Ends a look with its reason: the block waits for the next start. */
  readonly stop?: AbortSignal | undefined;
  /** Hears that all coins are being read. */
  readonly tell: (message: string) => void;
}

/**
 * Finds out whether a database that knows no such coin, or knows one that should be gone, can be trusted in that. A flipped
 * bit in a key, or in an index block, makes a coin vanish, and no checksum of a record tells. Three looks, each at more:
 *   1. the tables in which the coin would lie;
 *   2. all tables, and 3. all coins: a compaction may have written damage anew with good checksums, but not the record that is
 *      misplaced now, nor the number of coins. These at most once an hour, and for a minute.
 */
export class CoinDoubt {
  readonly #parts: CoinDoubtParts;
  #allAt = Number.NEGATIVE_INFINITY;

  constructor(parts: CoinDoubtParts) {
    this.#parts = parts;
  }

  /**
   * `found`: what the database said; its coins do not change meanwhile. When it cannot be trusted it throws StoreError
   * 'corrupt', and all writing ends.
   */
  async look(outpoint: OutPoint, found: boolean, store: CoinsInUse): Promise<void> {
    const { nowMs, tell, path, stop } = this.#parts;
    const name = `coin ${displayOutPoint(outpoint)} ${found ? 'is there and should not be' : 'is not there'}`;
    await this.#tables(name, coinKey(outpoint));
    const [again] = await store.coins([outpoint]);
    if ((again !== undefined) !== found) throw this.#damage(path, `${name}, and asked again it is otherwise`);
    if (nowMs() - this.#allAt < ALL_EVERY_MS) return;
    const begun = nowMs();
    this.#allAt = begun;
    tell(`${name}: before a block is refused for that, all coins are verified`);
    const isOver = (): boolean => {
      stop?.throwIfAborted();
      return nowMs() - begun > ALL_FOR_MS;
    };
    await this.#tables(name, undefined, isOver);
    let number = 0;
    for await (const _ of store.allCoins()) if (++number % STEP === 0 && isOver()) break;
    if (isOver()) return tell('there was not enough time to verify all coins: stop the node and run cairn db verify');
    const expected = await store.coinCount();
    if (number !== expected)
      throw this.#damage(path, `${name}, and there are ${number} coins, not ${expected} as the database counts`);
  }

  async #tables(name: string, key: Uint8Array | undefined, isOver?: () => boolean): Promise<void> {
    const damage = await this.#parts.tables.verify(key, isOver);
    if (damage === undefined) return;
    const where = damage.offset === undefined ? '' : `offset ${damage.offset}: `;
    throw this.#damage(damage.path, `${name}: ${where}${damage.detail}`);
  }

  #damage(path: string, message: string): StoreError {
    return this.#parts.latch.report(corrupt(path, message, REINDEX_COINS));
  }
}
