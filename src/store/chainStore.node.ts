import { randomBytes } from 'node:crypto';
import type {
  ChainCommit,
  ChainStore,
  Coin,
  CoinChange,
  FilePosition,
  FileSizes,
  InterruptedFlush,
  StoredHeader,
  StoredSnapshot,
  UtxoDiff,
} from '../chain/ports.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { assert } from '../util/assert.ts';
import { EMPTY, equalBytes } from '../util/bytes.ts';
import { decodeAll } from '../util/codec.ts';
import type { Lifetime } from '../util/lifetime.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { walkSteps } from '../util/steps.ts';
import type { ChainStoreParts } from './chainStoreParts.ts';
import { CoinCache, type CoinCacheSize } from './coinCache.ts';
import { decodeCoin } from './coinCodec.ts';
import type { CoinDoubt } from './coinDoubt.ts';
import { type CoinState, endFlush, type FlushParts, flushCoins, readCoinState } from './coinFlush.ts';
import type { CoinTable } from './coinTable.ts';
import { DamageLatch } from './damageLatch.ts';
import { DurableWrites, type WriteBehind } from './durableWrites.ts';
import { decodeStored } from './errors.ts';
import type { FlushMarker } from './flushMarker.ts';
import { readHeaders } from './headerStore.ts';
import { type ChainFiles, openFiles } from './openFiles.ts';
import { endRebuild, type RebuildState } from './rebuild.ts';
import { dropCoins, replaceCoins } from './replaceCoins.ts';
import { coinKey, outPointOfCoinKey, PREFIX, rangeOf, SNAPSHOT_KEY } from './schema.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshotRecord.ts';
import { encodingUndo, readUndoRecord } from './undoCodec.ts';

/** Memory for coins unless told otherwise, in 10^6 bytes (Bitcoin Core's -dbcache). */
export const DEFAULT_DBCACHE = 450;
/** Dirty coins are flushed after so long: how much a start after a crash has to connect again. */
const FLUSH_EVERY_MS = 5 * 60_000;
/** More dirty coins than these are flushed in the background by the timer: commits would wait for them. */
const FLUSH_IN_PLACE = 50_000;
/** More are flushed by flushAhead: about a second. Whatever goes to the background costs the cache its older half. */
const FLUSH_AHEAD = 200_000;

/** What a database held when it was opened. */
interface Found {
  readonly files: ChainFiles;
  readonly state: Partial<CoinState>;
  readonly interrupted: FlushMarker | undefined;
}

/**
 * ChainStore over one Kv and a folder of files. Coins go to a cache (coinCache.ts), everything else to the database. What a
 * commit leaves on disk, in order:
 *   1. body and undo bytes appended: a crash now leaves them behind the committed ends, cut at the next open;
 *   2. one batch with headers and the new ends, at most a second later synced after the files (durableWrites.ts);
 *   3. coins, tip and count in memory. A flush (coinFlush.ts) brings them to the database; opening after a crash finds the
 *      coins of an earlier block, whose successors are connected again.
 */
export class KvChainStore implements ChainStore {
  readonly #kv: Kv;
  readonly #path: string;
  readonly #latch: DamageLatch;
  readonly #doubt: CoinDoubt | undefined;
  readonly #files: ChainFiles;
  readonly #lifetime: Lifetime;
  readonly #writes: DurableWrites;
  readonly #cache: CoinCache;
  readonly #behind: WriteBehind | undefined;
  readonly #flushing: Pick<FlushParts, 'pause' | 'slice' | 'progress'>;
  readonly #stop: AbortSignal | undefined;
  readonly #flushAhead: number;
  /** Commits and flushes, one at a time. */
  readonly #queue = new SerialQueue();
  /** The block the coins in cache and database together represent. */
  #tip: Hash256 | undefined;
  #count: bigint;
  /** The block the coins in the database represent. */
  #flushedTip: Hash256 | undefined;
  #interrupted: Found['interrupted'];
  /** The older generation, while the database does not have all of it. */
  #frozen: { readonly table: CoinTable; readonly state: CoinState } | undefined;
  /** The flush of `frozen`; never rejects. */
  #background: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** A change of the cache was begun and not ended: it is of no block. */
  #torn = false;
  #cancelTimer: (() => void) | undefined;
  #rebuild: RebuildState | undefined;

  private constructor(parts: ChainStoreParts, { files, state, interrupted }: Found) {
    this.#kv = parts.kv;
    this.#path = parts.path;
    this.#latch = parts.latch ?? new DamageLatch();
    this.#doubt = parts.doubt;
    this.#files = files;
    this.#lifetime = parts.lifetime;
    this.#behind = parts.behind;
    const { pause = () => undefined, flushSlice: slice, onFlush: progress, flushAhead = FLUSH_AHEAD } = parts;
    this.#flushing = { pause, ...(slice && { slice }), ...(progress && { progress }) };
    this.#flushAhead = flushAhead;
    this.#stop = parts.stop;
    this.#writes = new DurableWrites(parts.kv, files, parts.behind);
    this.#cache = new CoinCache({
      budget: parts.cacheBytes ?? DEFAULT_DBCACHE * 1_000_000,
      salt: randomBytes(16),
      read: (outpoints) => parts.kv.getMany(outpoints.map(coinKey)),
      decode: (record) => this.#decode(record),
      pause: parts.pause,
    });
    this.#tip = state.tip;
    this.#flushedTip = state.tip;
    this.#count = state.count ?? 0n;
    this.#interrupted = interrupted;
    this.#rebuild = parts.rebuild;
  }

  static async open(parts: ChainStoreParts): Promise<KvChainStore> {
    const { kv, path } = parts;
    const files = await openFiles(parts, (file) => parts.lifetime.add(() => file.close()));
    const { tip, count = 0n, interrupted } = await readCoinState(kv, path);
    return new KvChainStore(parts, { files, state: { count, ...(tip && { tip }) }, interrupted });
  }

  loadHeaders(): AsyncIterable<StoredHeader> {
    return readHeaders(this.#kv, this.#path);
  }

  async putHeaders(headers: readonly StoredHeader[]): Promise<void> {
    if (headers.length > 0) await this.#writes.commit(headers);
  }

  async tip(): Promise<Hash256 | undefined> {
    return this.#tip;
  }

  async interruptedFlush(): Promise<InterruptedFlush | undefined> {
    return this.#interrupted;
  }

  finishFlush(diffs: AsyncIterable<UtxoDiff>): Promise<void> {
    return this.#queue.run(async () => {
      const interrupted = this.#interrupted;
      assert(interrupted !== undefined, 'a flush was interrupted');
      const state = await endFlush(interrupted, diffs, this.#writes);
      this.#interrupted = undefined;
      this.#tip = state.tip;
      this.#flushedTip = state.tip;
      this.#count = state.count;
    });
  }

  async appendBody(bytes: Uint8Array): Promise<FilePosition> {
    this.#latch.check();
    return this.#files.bodies.append(bytes);
  }

  async appendUndo(spent: readonly CoinChange[]): Promise<FilePosition> {
    this.#latch.check();
    return this.#files.undo.append(await walkSteps(encodingUndo(spent), this.#flushing.pause));
  }

  readBody(at: FilePosition): Promise<Uint8Array> {
    return this.#files.bodies.read(at);
  }

  async readUndo(at: FilePosition): Promise<readonly CoinChange[]> {
    const bytes = await this.#files.undo.read(at);
    return decodeStored(this.#path, 'undo record', () => decodeAll(bytes, readUndoRecord, 'undo record'));
  }

  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    return this.#cache.coins(outpoints);
  }

  async confirm(outpoint: OutPoint, found: boolean): Promise<void> {
    await this.#doubt?.look(outpoint, found, this);
  }

  commit(change: ChainCommit): Promise<void> {
    return this.#queue.run(() => this.#commit(change));
  }

  flush(): Promise<void> {
    return this.#queue.run(() => this.#flush());
  }

  /** Begins to flush in the background, when that is worth it: for who knows that the end is near. Failures meet the next commit. */
  flushSoon(): Promise<void> {
    return this.#queue.run(() => (this.#cache.young.dirty > FLUSH_IN_PLACE ? this.#freeze() : undefined));
  }

  async flushAhead(): Promise<void> {
    await this.#background;
    await this.#queue.run(async () => {
      const whole = !this.#torn && this.#interrupted === undefined && this.#failure === undefined;
      if (whole && this.#cache.young.dirty > this.#flushAhead) await this.#freeze();
    });
    await this.#background;
  }

  sync(): Promise<void> {
    return this.#writes.durable();
  }

  /** What is being made anew until rebuilt() is called. */
  get rebuild(): RebuildState | undefined {
    return this.#rebuild;
  }

  /** Everything is connected again: the next start need not go on. */
  async rebuilt(): Promise<void> {
    if (this.#rebuild === undefined) return;
    await this.flush();
    await endRebuild(this.#kv);
    this.#rebuild = undefined;
  }

  fileSizes(): { readonly bodies: FileSizes; readonly undo: FileSizes } {
    return { bodies: this.#files.bodies.sizes, undo: this.#files.undo.sizes };
  }

  async removeFiles(files: { readonly bodies: readonly number[]; readonly undo: readonly number[] }): Promise<void> {
    this.#latch.check();
    await this.#files.bodies.remove(files.bodies);
    await this.#files.undo.remove(files.undo);
  }

  async coinCount(): Promise<number> {
    return Number(this.#count);
  }

  /** The first step flushes and takes a snapshot: commits that come later are not seen. */
  async *allCoins(): AsyncGenerator<CoinChange> {
    const { first, rest } = await this.#queue.run(async () => {
      await this.#flush();
      const records = this.#kv.iterate(rangeOf(PREFIX.COIN))[Symbol.asyncIterator]();
      return { first: await records.next(), rest: records };
    });
    try {
      for (let at = first; at.done !== true; at = await rest.next()) {
        const [key, value] = at.value;
        yield { outpoint: outPointOfCoinKey(key), coin: this.#decode(value) };
      }
    } finally {
      await rest.return?.();
    }
  }

  async snapshot(): Promise<StoredSnapshot | undefined> {
    const record = await this.#kv.get(SNAPSHOT_KEY);
    return record && decodeStored(this.#path, 'snapshot', () => decodeSnapshot(record));
  }

  /** After everything that was committed before. */
  setSnapshot(snapshot: StoredSnapshot | undefined): Promise<void> {
    return this.#queue.run(async () => {
      const op: KvOp =
        snapshot === undefined
          ? { type: 'del', key: SNAPSHOT_KEY }
          : { type: 'put', key: SNAPSHOT_KEY, value: encodeSnapshot(snapshot) };
      await this.#writes.settle();
      await this.#writes.durable(() => [op]);
    });
  }

  replaceCoins(snapshot: StoredSnapshot, coins: AsyncIterable<CoinChange>): Promise<void> {
    return this.#queue.run(async () => {
      await this.#flush();
      await this.#writes.durable();
      this.#torn = true;
      const count = await replaceCoins(this.#kv, snapshot, coins, this.#stop);
      this.#cache.clear();
      this.#tip = snapshot.base;
      this.#flushedTip = snapshot.base;
      this.#count = count;
      this.#torn = false;
    });
  }

  dropCoins(): Promise<void> {
    return this.#queue.run(async () => {
      await dropCoins(this.#kv, this.#stop);
      this.#cache.clear();
      this.#tip = undefined;
      this.#flushedTip = undefined;
      this.#count = 0n;
    });
  }

  async sizeOnDisk(): Promise<number> {
    return this.#files.bodies.totalBytes + this.#files.undo.totalBytes;
  }

  /** Memory that coins take, for metrics. */
  cacheSize(): CoinCacheSize {
    return this.#cache.size;
  }

  /** Flushes, then closes the files and everything below, also when the flush fails. Of a damaged database nothing is flushed. */
  async close(): Promise<void> {
    if (this.#lifetime.closed) return this.#lifetime.close();
    try {
      await this.#queue.idle();
      await this.#background;
      if (this.#latch.error !== undefined) return this.#writes.abandon();
      if (this.#tip !== undefined && this.#interrupted === undefined && !this.#torn) await this.flush();
      await this.#writes.finish();
    } finally {
      this.#cancelTimer?.();
      await this.#lifetime.close();
    }
  }

  async #commit(change: ChainCommit): Promise<void> {
    assert(this.#interrupted === undefined, 'an interrupted flush is finished first');
    assert(!this.#torn, 'the coins in memory are whole');
    this.#latch.check();
    if (this.#failure !== undefined) throw this.#failure.error;
    if (change.coins !== undefined && !this.#cache.hasRoomFor(change.coins)) await this.#freeze();
    await this.#writes.commit(change.headers);
    const { coins, tip } = change;
    if (coins === undefined) return;
    const count = this.#count + BigInt(coins.added.length - coins.spent.length);
    assert(count >= 0n, `coin count would be ${count}`);
    this.#torn = true;
    await walkSteps(this.#cache.applying(coins), this.#flushing.pause);
    this.#count = count;
    this.#tip = tip ?? this.#tip;
    this.#torn = false;
    this.#flushLater();
  }

  /** The young generation is flushed in the background; waits for the one before. */
  async #freeze(): Promise<void> {
    assert(!this.#torn, 'the coins in memory are whole');
    await this.#background;
    if (this.#failure !== undefined) throw this.#failure.error;
    assert(this.#tip !== undefined, 'coins belong to a block');
    this.#frozen = { table: this.#cache.freeze(), state: { tip: this.#tip, count: this.#count } };
    this.#background = this.#flushFrozen().catch((error: unknown) => {
      this.#failure = { error };
      this.#behind?.fail(error);
    });
  }

  async #flushFrozen(): Promise<void> {
    assert(this.#frozen !== undefined, 'a generation is frozen');
    await this.#flushTable(this.#frozen.table, this.#frozen.state);
    this.#frozen = undefined;
  }

  /** Everything, in line with the commits. What failed before is tried again. */
  async #flush(): Promise<void> {
    assert(!this.#torn, 'the coins in memory are whole');
    await this.#background;
    if (this.#frozen !== undefined) await this.#flushFrozen();
    this.#failure = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { young } = this.#cache;
    const same = this.#tip === this.#flushedTip || equalBytes(this.#tip ?? EMPTY, this.#flushedTip ?? EMPTY);
    if (this.#tip === undefined || (young.dirty === 0 && same)) return this.#writes.finish();
    const release = this.#cache.hold();
    try {
      await this.#flushTable(young, { tip: this.#tip, count: this.#count });
    } catch (error) {
      // Some fresh coins are in the database now: one that is spent would be left there. Nothing changes before a flush succeeds.
      this.#failure = { error };
      throw error;
    } finally {
      release();
    }
  }

  async #flushTable(table: CoinTable, state: CoinState): Promise<void> {
    await flushCoins(table, this.#flushedTip, state, { writes: this.#writes, ...this.#flushing });
    this.#flushedTip = state.tip;
    await this.#cache.flushed(table, this.#flushing.pause);
  }

  #flushLater(): void {
    if (this.#behind === undefined || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#behind.timers.after(FLUSH_EVERY_MS, () => {
      this.#cancelTimer = undefined;
      if (this.#behind?.mayFlush?.() === false) return this.#flushLater();
      this.#queue
        .run(() => (this.#cache.young.dirty > FLUSH_IN_PLACE ? this.#freeze() : this.#flush()))
        .catch((error: unknown) => this.#behind?.fail(error));
    });
  }

  #decode(record: Uint8Array): Coin {
    return decodeStored(this.#path, 'coin record', () => decodeCoin(record));
  }
}
