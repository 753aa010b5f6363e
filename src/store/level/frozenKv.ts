import { compareBytes } from '../../util/bytes.ts';
import { DecodeError, Reader } from '../../util/codec.ts';
import type { Kv } from '../../util/ports.ts';
import { type Damage, damaged, type FolderReader } from './damage.ts';
import { readLog } from './log.ts';
import { type LevelVersion, type LiveTable, levelName, readVersion } from './manifest.ts';
import { LevelTable, userKey, verifyTable } from './table.ts';
import { varSlice } from './varint.ts';

/** Tables kept in memory at the same time: 2 MiB each with LevelDB's defaults. */
const MAX_TABLES = 16;

/** One write: the newest sequence number of a key counts; no value is a deletion. */
interface Write {
  readonly key: Uint8Array;
  readonly sequence: bigint;
  readonly value: Uint8Array | undefined;
}

/** Key order, newest first. */
function byKey(a: Write, b: Write): number {
  const order = compareBytes(a.key, b.key);
  if (order !== 0) return order;
  return a.sequence > b.sequence ? -1 : a.sequence < b.sequence ? 1 : 0;
}

/** Internal keys: user key, then newest first. */
function byInternalKey(a: Uint8Array, b: Uint8Array): number {
  const order = compareBytes(userKey(a), userKey(b));
  if (order !== 0) return order;
  const x = tagOf(a);
  const y = tagOf(b);
  return x > y ? -1 : x < y ? 1 : 0;
}

/** sequence << 8 | kind (1 put, 0 deletion), the last eight bytes of an internal key. */
function tagOf(internal: Uint8Array): bigint {
  const at = internal.byteOffset + internal.length - 8;
  return new DataView(internal.buffer, at, 8).getBigUint64(0, true);
}

/** The writes of a batch: sequence u64 ‖ count u32 ‖ count × (1 key value | 0 key). Throws DecodeError. */
function* readBatch(data: Uint8Array): Generator<Write> {
  const r = new Reader(data);
  let sequence = r.u64('batch sequence');
  const count = r.u32('batch count');
  for (let i = 0; i < count; i++, sequence++) {
    const kind = r.u8('write kind');
    if (kind > 1) throw new DecodeError(`unknown write kind ${kind}`);
    const key = varSlice(r, 'key');
    yield { key, sequence, value: kind === 1 ? varSlice(r, 'value') : undefined };
  }
  r.end('batch');
}

/** The keys that a batch writes or deletes. Throws DecodeError. */
export function* keysOfBatch(data: Uint8Array): Generator<Uint8Array> {
  for (const { key } of readBatch(data)) yield key;
}

/**
 * A LevelDB folder read without LevelDB: opening a database writes to it (and drops what it cannot read), and reading
 * through it does not look at checksums. For commands that must change nothing and see all.
 */
export class FrozenKv implements Kv {
  readonly #folder: FolderReader;
  readonly #version: LevelVersion;
  readonly #recent: readonly Write[];
  readonly #names: readonly string[];
  readonly #tables = new Map<number, LevelTable>();

  private constructor(folder: FolderReader, version: LevelVersion, recent: readonly Write[], names: readonly string[]) {
    this.#folder = folder;
    this.#version = version;
    this.#recent = recent;
    this.#names = names;
  }

  /**
   * Opens the folder and verifies every byte of it that counts; `progress` is told of bytes read, of all. `kv` is
   * undefined when something is damaged. `torn`: bytes of unfinished writes that a crash left in the logs.
   */
  static async verify(
    folder: FolderReader,
    progress: (done: number, total: number) => void = () => {},
  ): Promise<{ readonly kv: FrozenKv | undefined; readonly damage: readonly Damage[]; readonly torn: number }> {
    const damage: Damage[] = [];
    const names = await folder.list();
    const version = await readVersion(folder, damage);
    if (version === undefined) return { kv: undefined, damage, torn: 0 };
    const total = version.tables.reduce((sum, table) => sum + table.size, 0);
    let done = 0;
    for (const table of version.tables) {
      damage.push(...(await verifyLiveTable(folder, names, table)));
      done += table.size;
      progress(done, total);
    }
    const { recent, torn } = await readLogs(folder, version, damage);
    const kv = damage.length === 0 ? new FrozenKv(folder, version, recent, names) : undefined;
    return { kv, damage, torn };
  }

  /**
   * Opens the folder without looking at its tables: what is read of them is verified, and throws StoreError 'corrupt' when it
   * is damaged, and so does this when manifest or logs are.
   */
  static async open(folder: FolderReader): Promise<FrozenKv> {
    const damage: Damage[] = [];
    const names = await folder.list();
    const version = await readVersion(folder, damage);
    const { recent } = version === undefined ? { recent: [] } : await readLogs(folder, version, damage);
    const [first] = damage;
    if (first !== undefined || version === undefined)
      throw damaged(first ?? { path: folder.path(''), detail: 'no database' });
    return new FrozenKv(folder, version, recent, names);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const above = new Uint8Array(key.length + 1);
    above.set(key);
    for await (const [, value] of this.iterate({ gte: key, lt: above })) return value;
    return undefined;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const out: (Uint8Array | undefined)[] = [];
    for (const key of keys) out.push(await this.get(key));
    return out;
  }

  batch(): Promise<void> {
    return Promise.reject(new Error('this database is only read'));
  }

  async settle(): Promise<void> {}

  /** In key order only: `reverse` is refused. */
  async *iterate(range: {
    readonly gte: Uint8Array;
    readonly lt: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    if (range.reverse === true) throw new Error('this database is only read forwards');
    const sources = await this.#sources(range.gte, range.lt);
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    let last: Uint8Array | undefined;
    while (left > 0) {
      let next: Source | undefined;
      for (const source of sources)
        if (source.head !== undefined && (next?.head === undefined || byKey(source.head, next.head) < 0)) next = source;
      const write = next?.head;
      if (next === undefined || write === undefined || compareBytes(write.key, range.lt) >= 0) return;
      await next.advance();
      if (last !== undefined && compareBytes(write.key, last) === 0) continue;
      last = write.key;
      if (write.value === undefined) continue;
      left--;
      yield [write.key, write.value];
    }
  }

  async close(): Promise<void> {
    this.#tables.clear();
  }

  /**
   * Everything sorted that there is below `to`: the logs, each table of level 0, and the tables of each other level in a row.
   * Tables behind it are not touched: they may be damaged.
   */
  async #sources(from: Uint8Array, to: Uint8Array): Promise<Source[]> {
    const levels = new Map<number, LiveTable[]>();
    const rows: LiveTable[][] = [];
    for (const table of this.#version.tables) {
      if (compareBytes(userKey(table.smallest), to) >= 0) continue;
      if (table.level === 0) rows.push([table]);
      else levels.set(table.level, [...(levels.get(table.level) ?? []), table]);
    }
    const sources: Source[] = [Source.of(this.#recent, from)];
    for (const row of [...rows, ...levels.values()]) {
      row.sort((a, b) => byInternalKey(a.smallest, b.smallest));
      sources.push(await Source.open(row, from, (table) => this.#table(table)));
    }
    return sources;
  }

  async #table(table: LiveTable): Promise<LevelTable> {
    const known = this.#tables.get(table.number);
    if (known !== undefined) {
      this.#tables.delete(table.number);
      this.#tables.set(table.number, known);
      return known;
    }
    const name = tableName(this.#names, table.number) ?? levelName(table.number, 'ldb');
    const opened = LevelTable.open(await this.#folder.read(name), this.#folder.path(name));
    if (!(opened instanceof LevelTable)) throw damaged(opened);
    this.#tables.set(table.number, opened);
    if (this.#tables.size > MAX_TABLES) this.#tables.delete(this.#tables.keys().next().value as number);
    return opened;
  }
}

/** What no table holds yet, in key order, newest first. */
async function readLogs(
  folder: FolderReader,
  version: LevelVersion,
  damage: Damage[],
): Promise<{ readonly recent: Write[]; readonly torn: number }> {
  const recent: Write[] = [];
  let torn = 0;
  for (const number of version.logs) {
    const path = folder.path(levelName(number, 'log'));
    const bytes = await folder.read(levelName(number, 'log'));
    const log = readLog(bytes, path);
    torn += log.torn;
    damage.push(...log.damage);
    for (const { at, data } of log.records) {
      try {
        recent.push(...readBatch(data));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        damage.push({ path, offset: at, detail: error.message });
      }
    }
  }
  return { recent: recent.sort(byKey), torn };
}

function tableName(names: readonly string[], number: number): string | undefined {
  return [levelName(number, 'ldb'), levelName(number, 'sst')].find((name) => names.includes(name));
}

/** Everything that is wrong with a table: its size and all its checksums. */
export async function verifyLiveTable(
  folder: FolderReader,
  names: readonly string[],
  table: LiveTable,
): Promise<Damage[]> {
  const name = tableName(names, table.number);
  const keys = { after: userKey(table.smallest), last: userKey(table.largest) };
  if (name === undefined)
    return [{ path: folder.path(levelName(table.number, 'ldb')), offset: undefined, detail: 'file is missing', keys }];
  const bytes = await folder.read(name);
  const path = folder.path(name);
  if (bytes.length !== table.size)
    return [{ path, offset: bytes.length, detail: `file of ${bytes.length} bytes, not ${table.size}`, keys }];
  return verifyTable(bytes, path).map((damage) => ({ keys, ...damage }));
}

/** A sorted row of writes with a reading position. */
class Source {
  /** The next write, undefined at the end. */
  head: Write | undefined;
  readonly #next: () => Promise<Write | undefined>;

  private constructor(next: () => Promise<Write | undefined>) {
    this.#next = next;
  }

  static of(sorted: readonly Write[], from: Uint8Array): Source {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((sorted[middle] as Write).key, from) < 0) low = middle + 1;
      else high = middle;
    }
    let at = low;
    const source = new Source(async () => sorted[at++]);
    source.head = sorted[at++];
    return source;
  }

  /** Over tables that follow one another. */
  static async open(
    row: readonly LiveTable[],
    from: Uint8Array,
    load: (table: LiveTable) => Promise<LevelTable>,
  ): Promise<Source> {
    const writes = walk(row, from, load);
    const source = new Source(async () => {
      const { value, done } = await writes.next();
      return done === true ? undefined : value;
    });
    await source.advance();
    return source;
  }

  async advance(): Promise<void> {
    this.head = await this.#next();
  }
}

async function* walk(
  row: readonly LiveTable[],
  from: Uint8Array,
  load: (table: LiveTable) => Promise<LevelTable>,
): AsyncGenerator<Write> {
  for (const meta of row) {
    if (compareBytes(userKey(meta.largest), from) < 0) continue;
    const table = await load(meta);
    const first = table.blockOf(from, (internal, key) => compareBytes(userKey(internal), key));
    for (let block = first; block < table.blocks; block++) {
      for (const { key, value } of table.entries(block)) {
        const user = userKey(key);
        if (compareBytes(user, from) < 0) continue;
        const tag = tagOf(key);
        yield { key: user, sequence: tag >> 8n, value: (tag & 0xffn) === 1n ? value : undefined };
      }
    }
  }
}
