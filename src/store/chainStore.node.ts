import type {
  ChainCommit,
  ChainStore,
  Coin,
  CoinChange,
  FilePosition,
  FileSizes,
  StoredHeader,
} from '../chain/ports.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { assert } from '../util/assert.ts';
import { decodeAll, Reader, Writer } from '../util/codec.ts';
import type { Lifetime } from '../util/lifetime.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import type { BlockFs } from './blockFs.ts';
import { decodeCoin, encodeCoin } from './coinCodec.ts';
import { decodeStored } from './errors.ts';
import { decodeFileEnds, encodeFileEnds } from './fileEndsCodec.ts';
import { headerOps, readHeaders } from './headerStore.ts';
import { endRebuild, type RebuildState } from './rebuild.ts';
import { RecordFiles } from './recordFiles.ts';
import {
  COIN_COUNT_KEY,
  coinKey,
  FILE_ENDS_KEY,
  outPointOfCoinKey,
  PREFIX,
  rangeOf,
  TIP_KEY,
  TXINDEX_STATE_KEY,
  txKey,
} from './schema.ts';
import { buildTxindex, dropTxindex, indexOps } from './txindex.ts';
import { encodeUndo, readUndoRecord } from './undoCodec.ts';

export interface ChainStoreParts {
  readonly kv: Kv;
  /** Folder of the database, for messages. */
  readonly path: string;
  readonly fs: BlockFs;
  /** First four bytes of every record in the files. */
  readonly magic: Uint8Array;
  /** Keep an index of transactions. Switched off, an index made before is dropped. */
  readonly txindex: boolean;
  /** Bytes per file before the next is begun; default 128 MiB. */
  readonly maxFileBytes?: number;
  /** What a rebuild has left to do once the store is open. */
  readonly rebuild?: RebuildState;
  /** Closed by close(), after the files. */
  readonly lifetime: Lifetime;
}

/**
 * ChainStore over one Kv and a folder of files. What a commit leaves on disk, in order:
 *   1. body and undo bytes synced: a crash now leaves them behind the committed ends, cut at the next open;
 *   2. one synced batch with headers, coins, coin count, tip, index and the new ends: all of it or nothing.
 */
export class KvChainStore implements ChainStore {
  readonly #kv: Kv;
  readonly #path: string;
  readonly #bodies: RecordFiles;
  readonly #undo: RecordFiles;
  readonly #txindex: boolean;
  readonly #lifetime: Lifetime;
  #rebuild: RebuildState | undefined;
  #coinCount: bigint;

  private constructor(
    parts: ChainStoreParts,
    files: { readonly bodies: RecordFiles; readonly undo: RecordFiles },
    count: bigint,
  ) {
    this.#kv = parts.kv;
    this.#path = parts.path;
    this.#bodies = files.bodies;
    this.#undo = files.undo;
    this.#txindex = parts.txindex;
    this.#lifetime = parts.lifetime;
    this.#rebuild = parts.rebuild;
    this.#coinCount = count;
  }

  static async open(parts: ChainStoreParts): Promise<KvChainStore> {
    const { kv, path, fs, magic } = parts;
    const [endsBytes, countBytes, indexed, tip] = await kv.getMany([
      FILE_ENDS_KEY,
      COIN_COUNT_KEY,
      TXINDEX_STATE_KEY,
      TIP_KEY,
    ]);
    const ends = endsBytes === undefined ? undefined : decodeStored(path, 'file ends', () => decodeFileEnds(endsBytes));
    const count =
      countBytes === undefined ? 0n : decodeStored(path, 'coin count', () => new Reader(countBytes).u64('count'));
    const limit = parts.maxFileBytes === undefined ? {} : { maxBytes: parts.maxFileBytes };
    const bodies = await RecordFiles.open(fs, { prefix: 'blk', magic, ...limit }, ends?.bodies);
    parts.lifetime.add(() => bodies.close());
    const undo = await RecordFiles.open(fs, { prefix: 'rev', magic, ...limit }, ends?.undo);
    parts.lifetime.add(() => undo.close());
    if (parts.txindex && indexed === undefined) await buildTxindex(kv, path, tip, (at) => bodies.read(at));
    if (!parts.txindex && indexed !== undefined) await dropTxindex(kv);
    return new KvChainStore(parts, { bodies, undo }, count);
  }

  loadHeaders(): AsyncIterable<StoredHeader> {
    return readHeaders(this.#kv, this.#path);
  }

  /** Not synced, as KvHeaderStore.putHeaders. */
  async putHeaders(headers: readonly StoredHeader[]): Promise<void> {
    if (headers.length > 0) await this.#kv.batch(headerOps(headers), { sync: false });
  }

  tip(): Promise<Hash256 | undefined> {
    return this.#kv.get(TIP_KEY);
  }

  appendBody(bytes: Uint8Array): Promise<FilePosition> {
    return this.#bodies.append(bytes);
  }

  appendUndo(spent: readonly CoinChange[]): Promise<FilePosition> {
    return this.#undo.append(encodeUndo(spent));
  }

  readBody(at: FilePosition): Promise<Uint8Array> {
    return this.#bodies.read(at);
  }

  async readUndo(at: FilePosition): Promise<readonly CoinChange[]> {
    const bytes = await this.#undo.read(at);
    return decodeStored(this.#path, 'undo record', () => decodeAll(bytes, readUndoRecord, 'undo record'));
  }

  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const values = await this.#kv.getMany(outpoints.map(coinKey));
    return values.map((value) =>
      value === undefined ? undefined : decodeStored(this.#path, 'coin record', () => decodeCoin(value)),
    );
  }

  async commit(change: ChainCommit): Promise<void> {
    // The next body may be appended meanwhile: what is not synced must not count.
    const ends = { bodies: await this.#bodies.sync(), undo: await this.#undo.sync() };
    const ops: KvOp[] = headerOps(change.headers);
    ops.push({ type: 'put', key: FILE_ENDS_KEY, value: encodeFileEnds(ends) });
    let count = this.#coinCount;
    if (change.coins !== undefined) {
      // Removals first: an outpoint in both lists ends up with the added coin.
      for (const { outpoint } of change.coins.spent) ops.push({ type: 'del', key: coinKey(outpoint) });
      for (const { outpoint, coin } of change.coins.added)
        ops.push({ type: 'put', key: coinKey(outpoint), value: encodeCoin(coin) });
      count += BigInt(change.coins.added.length - change.coins.spent.length);
      assert(count >= 0n, `coin count would be ${count}`);
      ops.push({ type: 'put', key: COIN_COUNT_KEY, value: new Writer(8).u64(count).finish() });
    }
    if (change.tip !== undefined) ops.push({ type: 'put', key: TIP_KEY, value: change.tip });
    if (this.#txindex) ops.push(...indexOps(change));
    await this.#kv.batch(ops, { sync: true });
    this.#coinCount = count;
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

  /** Every commit has done so. */
  async flush(): Promise<void> {}

  fileSizes(): { readonly bodies: FileSizes; readonly undo: FileSizes } {
    return { bodies: this.#bodies.sizes, undo: this.#undo.sizes };
  }

  async removeFiles(files: { readonly bodies: readonly number[]; readonly undo: readonly number[] }): Promise<void> {
    await this.#bodies.remove(files.bodies);
    await this.#undo.remove(files.undo);
  }

  async coinCount(): Promise<number> {
    return Number(this.#coinCount);
  }

  async *allCoins(): AsyncGenerator<CoinChange> {
    for await (const [key, value] of this.#kv.iterate(rangeOf(PREFIX.COIN)))
      yield {
        outpoint: outPointOfCoinKey(key),
        coin: decodeStored(this.#path, 'coin record', () => decodeCoin(value)),
      };
  }

  async findTx(txid: Hash256): Promise<Hash256 | undefined> {
    return this.#txindex ? await this.#kv.get(txKey(txid)) : undefined;
  }

  async sizeOnDisk(): Promise<number> {
    return this.#bodies.totalBytes + this.#undo.totalBytes;
  }

  /** Closes the files and everything below. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }
}
