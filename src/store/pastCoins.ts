import type { Coin, CoinChange, PastCoins, UtxoDiff } from '../chain/ports.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { decodeCoin, encodeCoin } from './coinCodec.ts';
import { decodeStored } from './errors.ts';
import { coinKey, outPointOfCoinKey, PREFIX, rangeOf, TIP_KEY } from './schema.ts';

/** Coins in a database of their own, with TIP and COIN records as the chain's. They can be made again, so nothing is synced. */
export class KvPastCoins implements PastCoins {
  readonly #kv: Kv;
  readonly #path: string;
  readonly #remove: () => Promise<void>;

  /** `path`: of the database, for messages. `remove`: takes it away once it is closed. */
  constructor(kv: Kv, path: string, remove: () => Promise<void>) {
    this.#kv = kv;
    this.#path = path;
    this.#remove = remove;
  }

  tip(): Promise<Hash256 | undefined> {
    return this.#kv.get(TIP_KEY);
  }

  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const values = await this.#kv.getMany(outpoints.map(coinKey));
    return values.map((value) => (value === undefined ? undefined : this.#decode(value)));
  }

  #decode(value: Uint8Array): Coin {
    return decodeStored(this.#path, 'coin record', () => decodeCoin(value));
  }

  async commit(tip: Hash256, diff: UtxoDiff): Promise<void> {
    const ops: KvOp[] = [{ type: 'put', key: TIP_KEY, value: tip }];
    // Removals first: an outpoint in both lists ends up with the added coin.
    for (const { outpoint } of diff.spent) ops.push({ type: 'del', key: coinKey(outpoint) });
    for (const { outpoint, coin } of diff.added)
      ops.push({ type: 'put', key: coinKey(outpoint), value: encodeCoin(coin) });
    await this.#kv.batch(ops, { sync: false });
  }

  async *allCoins(): AsyncGenerator<CoinChange> {
    for await (const [key, value] of this.#kv.iterate(rangeOf(PREFIX.COIN)))
      yield { outpoint: outPointOfCoinKey(key), coin: this.#decode(value) };
  }

  close(): Promise<void> {
    return this.#kv.close();
  }

  async discard(): Promise<void> {
    await this.#kv.close();
    await this.#remove();
  }
}
