import type { Coin, CoinChange, InterruptedFlush, PastCoins, UtxoDiff } from '../chain/ports.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { assert } from '../util/assert.ts';
import type { Kv } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { type Pause, walkSteps } from '../util/steps.ts';
import { CoinCache } from './coinCache.ts';
import { decodeCoin } from './coinCodec.ts';
import { endFlush, type FlushProgress, type FlushWrites, flushCoins, readCoinState } from './coinFlush.ts';
import { decodeStored } from './errors.ts';
import type { FlushMarker } from './flushMarker.ts';
import { coinKey, outPointOfCoinKey, PAST_AGAIN_KEY, PREFIX, rangeOf } from './schema.ts';

export interface PastCoinsParts {
  readonly kv: Kv;
  /** Of the database, for messages. */
  readonly path: string;
  /** Memory for coins, in bytes. */
  readonly cacheBytes: number;
  /** 16 random bytes (coinTable.ts). */
  readonly salt: Uint8Array;
  /** Makes durable what the chain knows of the blocks that were committed here: called before a flush. */
  readonly syncChain: () => Promise<void>;
  /** Asked between the steps of long work. */
  readonly pause: Pause;
  /** Takes the database away once it is closed. */
  readonly remove: () => Promise<void>;
  /** Operations per batch of a flush, as FlushParts. */
  readonly flushSlice?: number;
  /** Hears how far a flush is. */
  readonly onFlush?: FlushProgress;
}

/** Coins in a database of their own, with the records, the cache and the flushes of the chain's. */
export class KvPastCoins implements PastCoins {
  readonly again: boolean;
  readonly #parts: PastCoinsParts;
  readonly #writes: FlushWrites;
  readonly #cache: CoinCache;
  /** Commits and flushes, one at a time. */
  readonly #queue = new SerialQueue();
  #tip: Hash256 | undefined;
  #flushedTip: Hash256 | undefined;
  #count: bigint;
  #interrupted: FlushMarker | undefined;
  /** A change or a flush failed: nobody knows what cache and database hold until it is opened anew. */
  #failed = false;

  private constructor(parts: PastCoinsParts, found: Awaited<ReturnType<typeof readCoinState>>, again: boolean) {
    const { kv } = parts;
    this.again = again;
    this.#parts = parts;
    this.#writes = {
      settle: () => kv.settle(),
      part: (ops) => kv.batch(ops, { sync: false }),
      durable: (build = () => []) => kv.batch(build(), { sync: true }),
    };
    this.#cache = new CoinCache({
      budget: parts.cacheBytes,
      salt: parts.salt,
      read: (outpoints) => kv.getMany(outpoints.map(coinKey)),
      decode: (record) => this.#decode(record),
      pause: parts.pause,
    });
    this.#tip = found.tip;
    this.#flushedTip = found.tip;
    this.#count = found.count ?? 0n;
    this.#interrupted = found.interrupted;
  }

  /**
   * Undefined when the database holds coins that were written without flushes, as earlier versions did: nobody knows whether
   * they are whole. Throws StoreError.
   */
  static async open(parts: PastCoinsParts): Promise<KvPastCoins | undefined> {
    const found = await readCoinState(parts.kv, parts.path);
    if (found.tip !== undefined && found.count === undefined) return undefined;
    return new KvPastCoins(parts, found, (await parts.kv.get(PAST_AGAIN_KEY)) !== undefined);
  }

  /** Coins that the database does not have yet. */
  get dirty(): number {
    return this.#cache.size.dirty;
  }

  async tip(): Promise<Hash256 | undefined> {
    return this.#tip;
  }

  async interruptedFlush(): Promise<InterruptedFlush | undefined> {
    return this.#interrupted;
  }

  finishFlush(diffs: AsyncIterable<UtxoDiff>): Promise<void> {
    return this.#queue.run(async () => {
      assert(this.#interrupted !== undefined, 'a flush was interrupted');
      const state = await endFlush(this.#interrupted, diffs, this.#writes);
      this.#interrupted = undefined;
      this.#tip = state.tip;
      this.#flushedTip = state.tip;
      this.#count = state.count;
    });
  }

  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    return this.#cache.coins(outpoints);
  }

  async coinCount(): Promise<number> {
    return Number(this.#count);
  }

  commit(tip: Hash256, diff: UtxoDiff): Promise<void> {
    return this.#queue.run(async () => {
      assert(this.#interrupted === undefined && !this.#failed, 'the coins are whole');
      if (!this.#cache.hasRoomFor(diff)) {
        await this.#flush();
        // What was used lately stays at hand.
        this.#cache.freeze();
      }
      try {
        await walkSteps(this.#cache.applying(diff), this.#parts.pause);
      } catch (error) {
        // Half of the change may be in the cache: the database keeps what it had.
        this.#failed = true;
        throw error;
      }
      this.#count += BigInt(diff.added.length - diff.spent.length);
      this.#tip = tip;
    });
  }

  flush(): Promise<void> {
    return this.#queue.run(() => this.#flush());
  }

  /** The first step flushes and takes a snapshot of the database. */
  async *allCoins(): AsyncGenerator<CoinChange> {
    await this.flush();
    for await (const [key, value] of this.#parts.kv.iterate(rangeOf(PREFIX.COIN)))
      yield { outpoint: outPointOfCoinKey(key), coin: this.#decode(value) };
  }

  /** Flushes, then closes the database, also when the flush fails. */
  async close(): Promise<void> {
    try {
      if (!this.#failed && this.#interrupted === undefined) await this.flush();
    } finally {
      await this.#parts.kv.close();
    }
  }

  /** Closes them and removes what they keep on disk. */
  async discard(): Promise<void> {
    await this.#queue.idle();
    await this.#parts.kv.close();
    await this.#parts.remove();
  }

  async #flush(): Promise<void> {
    const tip = this.#tip;
    assert(!this.#failed, 'the coins are whole');
    if (tip === undefined || tip === this.#flushedTip) return;
    const { syncChain, pause, flushSlice: slice, onFlush: progress } = this.#parts;
    const { young } = this.#cache;
    const release = this.#cache.hold();
    try {
      await syncChain();
      const parts = { writes: this.#writes, pause, ...(slice && { slice }), ...(progress && { progress }) };
      await flushCoins(young, this.#flushedTip, { tip, count: this.#count }, parts);
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      release();
    }
    this.#flushedTip = tip;
    await this.#cache.flushed(young, pause);
  }

  #decode(value: Uint8Array): Coin {
    return decodeStored(this.#parts.path, 'coin record', () => decodeCoin(value));
  }
}
