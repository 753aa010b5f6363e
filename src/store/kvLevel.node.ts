import { Level } from 'level';
import { equalBytes } from '../util/bytes.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { DatadirLockedError, toStoreError } from './errors.ts';
import { type Damage, damaged } from './level/damage.ts';
import { openingFolder } from './level/folderNode.node.ts';
import { checkBeforeOpening } from './level/openingCheck.ts';
import { SYNCED_ENDS_KEY } from './schema.ts';
import { SummedKv, type SummedKvOptions } from './summedKv.ts';

/** In Node `level` is classic-level, whose methods beyond the common ones its types leave out. */
type Db = Level<Uint8Array, Uint8Array> & { compactRange(start: Uint8Array, end: Uint8Array): Promise<void> };

/** Node returns Buffers, whose slice() shares memory; callers expect plain arrays. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** A range in which nothing lies: no record kind begins with 0xff. */
const NOWHERE = [Uint8Array.of(0xff), Uint8Array.of(0xff, 0xff)] as const;

/** Kv over LevelDB. All failures are StoreErrors that name the folder. */
class LevelKv implements Kv {
  readonly #db: Db;
  readonly #path: string;

  constructor(db: Db, path: string) {
    this.#db = db;
    this.#path = path;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#guard('reading the database', this.#db.get(key));
    return value === undefined ? undefined : plain(value);
  }

  /** One call, one snapshot. */
  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const values = await this.#guard('reading the database', this.#db.getMany(keys as Uint8Array[]));
    return values.map((value) => (value === undefined ? undefined : plain(value)));
  }

  async batch(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void> {
    await this.#guard('writing to the database', this.#db.batch(ops as KvOp[], { sync: options.sync }));
  }

  /** Compacting any range first moves what the log holds into a synced table, and waits for the one before. */
  async settle(): Promise<void> {
    await this.#guard('writing to the database', this.#db.compactRange(NOWHERE[0], NOWHERE[1]));
  }

  async *iterate(range: {
    readonly gte: Uint8Array;
    readonly lt: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    const iterator = this.#db.iterator({ ...range });
    try {
      for (;;) {
        const some = await this.#guard('reading the database', iterator.nextv(500));
        if (some.length === 0) return;
        for (const [key, value] of some) yield [plain(key), plain(value)];
      }
    } finally {
      await iterator.close();
    }
  }

  async close(): Promise<void> {
    await this.#guard('closing the database', this.#db.close());
  }

  async #guard<T>(doing: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw toStoreError(error, this.#path, doing);
    }
  }
}

/** Told of what was lost and is no reason to stop: names the file. */
export type TellLost = (message: string) => void;

/** Cuts what a power cut left behind in the logs of the folder. Returns the damage that was found there and in new tables. */
export async function cutTornLogs(path: string, tell: TellLost = () => {}): Promise<readonly Damage[]> {
  const { damage, cut } = await checkBeforeOpening(openingFolder(path), (key) => equalBytes(key, SYNCED_ENDS_KEY));
  for (const { path: file, offset, detail } of cut)
    tell(`${file}: offset ${offset}: ${detail}: cut there, what was written last before a power cut is lost`);
  return damage;
}

/**
 * Opens or creates the database in folder `path` (parents are created), which this process alone uses. Its logs, its manifest
 * and its newest tables are verified first.
 * Throws DatadirLockedError when another process has it, StoreError otherwise.
 */
export async function openLevelKv(path: string, tell: TellLost = () => {}): Promise<Kv> {
  const [first] = await cutTornLogs(path, tell);
  if (first !== undefined) throw damaged(first);
  return await openUnchecked(path);
}

/** As openLevelKv, of a database whose records carry checksums. */
export async function openSummedKv(
  path: string,
  options: Omit<SummedKvOptions, 'path'> & { readonly tell?: TellLost | undefined } = {},
): Promise<SummedKv> {
  return new SummedKv(await openLevelKv(path, options.tell), { ...options, path });
}

/** As openLevelKv, of a database that other processes may be opening, too. */
export async function openUnchecked(path: string): Promise<Kv> {
  const db = new Level<Uint8Array, Uint8Array>(path, { keyEncoding: 'view', valueEncoding: 'view' }) as Db;
  try {
    await db.open();
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
    if (cause?.code === 'LEVEL_LOCKED') throw new DatadirLockedError(path);
    throw toStoreError(error, path, 'opening the database');
  }
  return new LevelKv(db, path);
}
