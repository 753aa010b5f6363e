import type { IndexEntry } from '../../chain/headerIndex.ts';
import type { CoinChange, FilePosition } from '../../chain/ports.ts';
import type { Judge } from '../../consensus/engine.ts';
import type { Network } from '../../params/network.ts';
import type { Block } from '../../primitives/block.ts';
import { displayHash, hashKey } from '../../primitives/hash.ts';
import type { BlockFs } from '../../store/blockFs.ts';
import { decodeFileEnds, type FileEnds } from '../../store/fileEndsCodec.ts';
import type { FolderReader } from '../../store/level/damage.ts';
import { FrozenKv } from '../../store/level/frozenKv.ts';
import {
  COIN_COUNT_KEY,
  FILE_ENDS_KEY,
  FLUSHING_KEY,
  INDEX_LOCATOR_KEY,
  REBUILD_KEY,
  TIP_KEY,
} from '../../store/schema.ts';
import { DecodeError, Reader } from '../../util/codec.ts';
import type { Kv } from '../../util/ports.ts';
import { partOf } from './databaseKeys.ts';
import { blockOf, type VerifyPorts } from './findings.ts';
import { RecordReader } from './recordReader.ts';
import { type CoinsToReplay, replayCoins } from './replayCoins.ts';
import { blockOfBody, undoOfBlock } from './verifyBlock.ts';
import { verifyCoins } from './verifyCoins.ts';
import { verifyDatabase } from './verifyDatabase.ts';
import { type FilesVerified, verifyFiles, verifyFilesAlone } from './verifyFiles.ts';
import { type Entries, owners, verifyHeaders } from './verifyHeaders.ts';
import { readSnapshot, verifyPast } from './verifyPast.ts';
import { TxindexCheck } from './verifyTxindex.ts';

export interface StoreToVerify extends VerifyPorts {
  readonly network: Network;
  readonly judge: Judge<unknown>;
  readonly nowMs: number;
  /** The LevelDB folder. */
  readonly database: FolderReader;
  /** The folder of block files; undefined for a light node, which has headers only. */
  readonly blocks: BlockFs | undefined;
  /** The LevelDB folder of the transaction index, where there is one. */
  readonly txindex?: FolderReader;
  /** The LevelDB folder of the coins below a snapshot, where there is one. */
  readonly past?: FolderReader;
  /** Computes the coins again from the blocks, into this empty database. */
  readonly scratch?: Kv;
}

/** How much was looked at. */
export interface Verified {
  headers: number;
  bodies: number;
  undo: number;
  coins: number;
  /** Entries of the transaction index, undefined when there is none. */
  transactions: number | undefined;
  /** Height of the block that the coins represent. */
  tip: number | undefined;
  /** True when the coins were computed again and compared. */
  replayed: boolean;
  /** The coins below a snapshot, when they are whole: the height of their block, their number. */
  past?: { readonly tip: number; readonly coins: number; readonly replayed: boolean };
  /** What is no damage and yet worth a line. */
  readonly notes: string[];
}

/**
 * Reads everything a node has stored and tells what is damaged or contradicts itself. Nothing is changed: not even the
 * database is opened by its own code, which would write to it.
 */
export async function verifyStore(options: StoreToVerify): Promise<Verified> {
  return new StoreVerification(options).run();
}

interface IndexToCheck {
  readonly kv: Kv;
  readonly path: string;
  /** By height: the blocks that the index says it holds. */
  readonly covered: readonly IndexEntry[];
  readonly check: TxindexCheck;
}

class StoreVerification {
  readonly #o: StoreToVerify;
  readonly #path: string;
  readonly #verified: Verified = {
    ...{ headers: 0, bodies: 0, undo: 0, coins: 0, transactions: undefined, tip: undefined, replayed: false },
    notes: [],
  };
  #entries: Entries = new Map();
  /** Genesis … the block that the coins represent. */
  #chain: IndexEntry[] = [];
  #txindex: IndexToCheck | undefined;
  /** Of the snapshot that the coins come from: they cannot be computed from the blocks yet. */
  #base: IndexEntry | undefined;
  /** The coins were being replaced by a snapshot's. */
  #loading = false;

  constructor(options: StoreToVerify) {
    this.#o = options;
    this.#path = options.database.path('').replace(/[/\\]$/, '');
  }

  async run(): Promise<Verified> {
    const kv = await this.#database();
    if (kv === undefined) {
      // Without the database nobody knows which record is whose; their checksums can still be looked at.
      this.#verified.notes.push(...(await verifyFilesAlone(this.#o)));
      if (this.#o.past !== undefined)
        await verifyPast({ ...this.#o, folder: this.#o.past, entries: undefined, base: undefined });
      return this.#verified;
    }
    const { network, judge, nowMs, found, progress, stopped } = this.#o;
    const ports = { found, progress, stopped };
    const rebuilding = (await kv.get(REBUILD_KEY)) !== undefined;
    const headers = { kv, path: this.#path, network, judge, nowMs, partial: rebuilding };
    this.#entries = await verifyHeaders({ ...ports, ...headers });
    this.#verified.headers = this.#entries.size;
    if (this.#o.blocks === undefined || stopped()) return this.#verified;
    if (rebuilding) {
      this.#verified.notes.push(
        'a rebuild was interrupted, the next start goes on with it: coins and blocks were not compared',
      );
      return this.#verified;
    }
    await this.#tip(kv);
    const torn = await this.#unfinished(kv);
    if (this.#o.txindex !== undefined) await this.#openIndex(this.#o.txindex);
    await this.#files(kv, this.#o.blocks);
    if (this.#txindex !== undefined && !stopped()) await this.#index(this.#txindex, this.#o.blocks);
    if (!stopped() && !torn) {
      await this.#coins(kv);
      if (this.#base === undefined && !stopped()) {
        const coins = { kv, path: this.#path, chain: this.#chain, part: 'coins' } as const;
        this.#verified.replayed = await this.#replay(coins, this.#o.blocks);
      }
    }
    if (this.#o.past !== undefined && !stopped()) await this.#past(this.#o.past, this.#o.blocks);
    return this.#verified;
  }

  async #database(): Promise<Kv | undefined> {
    const { database, found, progress, stopped } = this.#o;
    const { kv, torn } = await verifyDatabase({
      ...{ found, progress, stopped, folder: database, path: this.#path },
      ...{ part: 'database', recordPart: partOf },
    });
    if (torn > 0)
      this.#verified.notes.push(`${torn} bytes of an unfinished write at the end of the database's log: ignored`);
    return kv;
  }

  #wrongState(detail: string): void {
    this.#o.found({ part: 'tip', path: this.#path, offset: undefined, block: undefined, detail });
  }

  async #tip(kv: Kv): Promise<void> {
    const hash = await kv.get(TIP_KEY);
    const tip = hash === undefined ? undefined : this.#entries.get(hashKey(hash));
    if (hash === undefined) this.#wrongState('there is no tip');
    else if (tip === undefined) this.#wrongState(`the tip ${displayHash(hash)} is not among the headers`);
    const snapshot = await readSnapshot(kv, tip, this.#entries, (detail) => this.#wrongState(detail));
    this.#loading = snapshot === 'loading';
    this.#base = snapshot === 'loading' ? undefined : snapshot;
    const base = this.#base?.height;
    if (base !== undefined)
      this.#verified.notes.push(`the coins come from a snapshot at height ${base}: the blocks below are not validated`);
    for (let at = tip; at !== undefined; at = at.parent) {
      this.#chain.push(at);
      if (at.status === 'valid' || at.height <= (base ?? -1)) continue;
      const { found } = this.#o;
      const detail = `below the tip, but its status is ${at.status}`;
      found({ part: 'tip', path: this.#path, offset: undefined, block: blockOf(at), detail });
    }
    this.#chain.reverse();
    this.#verified.tip = tip?.height;
  }

  /** What a node that was killed left for its next start, which is no damage. */
  async #unfinished(kv: Kv): Promise<boolean> {
    const torn = (await kv.get(FLUSHING_KEY)) !== undefined;
    const tip = this.#chain.at(-1);
    let above = 0;
    for (const entry of this.#entries.values())
      if (entry.status === 'valid' && entry.height > (tip?.height ?? 0)) above++;
    const { notes } = this.#verified;
    if (torn) notes.push('coins were being written when the node was killed: the next start finishes it; not compared');
    else if (above > 0) notes.push(`the node was killed: its next start connects ${above} blocks again`);
    if (this.#loading)
      notes.push('a snapshot of coins was being loaded when the node ended: the next start drops it; not compared');
    return torn || this.#loading;
  }

  async #fileEnds(kv: Kv): Promise<FileEnds | undefined> {
    const bytes = await kv.get(FILE_ENDS_KEY);
    try {
      if (bytes !== undefined) return decodeFileEnds(bytes);
      this.#wrongState('the ends of the block files are missing');
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#wrongState(`the ends of the block files: ${error.message}`);
    }
    return undefined;
  }

  async #files(kv: Kv, fs: BlockFs): Promise<void> {
    const { network, found, progress, stopped } = this.#o;
    const { magic } = network;
    const ports = { found, progress, stopped };
    const ends = await this.#fileEnds(kv);
    this.#checkPositions();
    const undo = new RecordReader(fs, 'rev', magic);
    try {
      const bodies = await verifyFiles({
        ...{ ...ports, part: 'blocks', fs, prefix: 'blk', magic, end: ends?.bodies },
        owners: owners(this.#entries, (entry) => entry.body),
        record: (entry, payload) => this.#body(entry, payload, undo, fs),
      });
      this.#verified.bodies = bodies.records;
      this.#note('block', bodies);
    } finally {
      await undo.close();
    }
    const records = await verifyFiles({
      ...{ ...ports, part: 'undo', fs, prefix: 'rev', magic, end: ends?.undo },
      owners: owners(this.#entries, (entry) => entry.undo),
      // What they say was compared while their blocks were at hand.
      record: async () => {},
    });
    this.#verified.undo = records.records;
    this.#note('undo', records);
  }

  #note(kind: string, { unnamed, uncommitted, dead }: FilesVerified): void {
    if (dead > 0)
      this.#verified.notes.push(`${dead} damaged bytes in the ${kind} files that no header names: nothing is lost`);
    if (unnamed > 0) this.#verified.notes.push(`${unnamed} ${kind} records belong to no header: they only take room`);
    if (uncommitted > 0)
      this.#verified.notes.push(
        `${uncommitted} bytes behind the committed end of the ${kind} files: cut at the next start`,
      );
  }

  /** What a header's status promises of its positions. */
  #checkPositions(): void {
    const lost = this.#chain.filter((entry) => !entry.hasBody).length;
    if (lost > 0) this.#verified.notes.push(`${lost} blocks of the chain have no body`);
    for (const entry of this.#entries.values()) {
      const connected = entry.status === 'valid' && entry.height > 0;
      if (connected && entry.hasBody !== (entry.undo !== undefined))
        this.#ofBlock(
          entry,
          entry.hasBody ? 'connected, but without an undo record' : 'has an undo record and no body',
        );
      else if (entry.status === 'stored' && !entry.hasBody) this.#ofBlock(entry, 'stored, but without a body');
    }
  }

  #ofBlock(entry: IndexEntry, detail: string): void {
    this.#o.found({ part: 'headers', path: this.#path, offset: undefined, block: blockOf(entry), detail });
  }

  async #body(entry: IndexEntry, payload: Uint8Array, undo: RecordReader, fs: BlockFs): Promise<void> {
    const block = blockOfBody(payload, entry, this.#o.network);
    if ('fault' in block) {
      const at = entry.body as FilePosition;
      const path = new RecordReader(fs, 'blk', this.#o.network.magic).path(at);
      this.#o.found({ part: 'blocks', path, offset: at.offset, block: blockOf(entry), detail: block.fault });
      return;
    }
    if (this.#txindex?.covered[entry.height] === entry) this.#txindex.check.observe(block);
    if (entry.undo !== undefined) await this.#undo(entry, block, undo, true);
  }

  /** The undo record of a block whose body is good. `tell`: findings about what it says; its frame is told of elsewhere. */
  async #undo(
    entry: IndexEntry,
    block: Block,
    records: RecordReader,
    tell: boolean,
  ): Promise<readonly CoinChange[] | undefined> {
    const at = entry.undo;
    if (at === undefined) return undefined;
    const bytes = await records.read(at).catch(() => ({ fault: 'cannot be read' }));
    if ('fault' in bytes) return undefined;
    const undo = undoOfBlock(bytes, entry, block);
    if (!('fault' in undo)) return undo;
    if (tell)
      this.#o.found({
        part: 'undo',
        path: records.path(at),
        offset: at.offset,
        block: blockOf(entry),
        detail: undo.fault,
      });
    return undefined;
  }

  async #coins(kv: Kv): Promise<void> {
    const bytes = await kv.get(COIN_COUNT_KEY);
    if (bytes === undefined || bytes.length !== 8) {
      this.#wrongState('the number of coins is missing');
      return;
    }
    const { found, progress, stopped } = this.#o;
    const count = Number(new Reader(bytes).u64('coin count'));
    const height = this.#verified.tip ?? Number.POSITIVE_INFINITY;
    this.#verified.coins = await verifyCoins({
      ...{ kv, path: this.#path, part: 'coins', height, count, found, progress, stopped },
    });
  }

  /** The index and the blocks it says it covers, which may be fewer or more than the coins represent. */
  async #openIndex(folder: FolderReader): Promise<void> {
    const { found, progress } = this.#o;
    const path = folder.path('').replace(/[/\\]$/, '');
    const { kv, damage } = await FrozenKv.verify(folder, (done, total) =>
      progress({ stage: 'txindex', done, total, unit: 'bytes' }),
    );
    for (const { path: file, offset, detail } of damage)
      found({ part: 'txindex', path: file, offset, block: undefined, detail });
    const locator = await kv?.get(INDEX_LOCATOR_KEY);
    if (kv === undefined || locator === undefined) return;
    const covered: IndexEntry[] = [];
    let at = this.#entries.get(hashKey(locator.subarray(0, 32)));
    if (at === undefined)
      this.#verified.notes.push('the transaction index reaches to a block that is not known: not compared');
    for (; at !== undefined; at = at.parent) covered[at.height] = at;
    if (covered.length > 0) this.#txindex = { kv, path, covered, check: new TxindexCheck() };
  }

  async #index({ kv, path, covered, check }: IndexToCheck, fs: BlockFs): Promise<void> {
    const { found, progress, stopped } = this.#o;
    const bodies = new RecordReader(fs, 'blk', this.#o.network.magic);
    try {
      const { entries, stale } = await check.run({
        ...{ kv, path, entries: this.#entries, found, progress, stopped },
        isIndexed: (entry) => covered[entry.height] === entry,
        readBlock: (entry) => this.#read(entry, bodies),
      });
      this.#verified.transactions = entries;
      if (stale > 0)
        this.#verified.notes.push(
          `${stale} entries of the transaction index name blocks that are not on the chain: not believed`,
        );
    } finally {
      await bodies.close();
    }
  }

  async #read(entry: IndexEntry, bodies: RecordReader): Promise<Block | undefined> {
    if (entry.body === undefined) return undefined;
    const payload = await bodies.read(entry.body).catch(() => ({ fault: 'cannot be read' }));
    if ('fault' in payload) return undefined;
    const block = blockOfBody(payload, entry, this.#o.network);
    return 'fault' in block ? undefined : block;
  }

  /** True when the coins were computed again and compared. */
  async #replay(coins: Pick<CoinsToReplay, 'kv' | 'path' | 'chain' | 'part'>, fs: BlockFs): Promise<boolean> {
    const { network, scratch, found, progress, stopped } = this.#o;
    if (scratch === undefined) return false;
    const bodies = new RecordReader(fs, 'blk', network.magic);
    const records = new RecordReader(fs, 'rev', network.magic);
    try {
      await replayCoins({
        ...{ ...coins, network, scratch, found, progress, stopped },
        readBlock: (entry) => this.#read(entry, bodies),
        readUndo: (entry, block) => this.#undo(entry, block, records, false),
        undoPath: (entry) => records.path(entry.undo as FilePosition),
      });
      return !stopped();
    } finally {
      await bodies.close();
      await records.close();
    }
  }

  /** The coins below the snapshot. */
  async #past(folder: FolderReader, fs: BlockFs): Promise<void> {
    const { found, progress, stopped } = this.#o;
    const verified = await verifyPast({ found, progress, stopped, folder, entries: this.#entries, base: this.#base });
    this.#verified.notes.push(...verified.notes);
    const { whole } = verified;
    if (whole === undefined) return;
    const replayed = await this.#replay({ ...whole, part: 'past' }, fs);
    this.#verified.past = { tip: whole.chain.length - 1, coins: whole.coins, replayed };
  }
}
