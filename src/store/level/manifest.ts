import { DecodeError, Reader } from '../../util/codec.ts';
import type { Damage, FolderReader } from './damage.ts';
import { readLog } from './log.ts';
import { varint32, varint64, varSlice } from './varint.ts';

/** A table that belongs to the newest version of a database. */
export interface LiveTable {
  readonly level: number;
  readonly number: number;
  readonly size: number;
  /** First and last internal key. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

/** What a LevelDB folder consists of now. */
export interface LevelVersion {
  readonly tables: readonly LiveTable[];
  /** Numbers of the logs whose writes are in no table yet, oldest first. */
  readonly logs: readonly number[];
}

/** Tags of a manifest record's fields (LevelDB's VersionEdit). */
const TAG = { comparator: 1, log: 2, next: 3, sequence: 4, compact: 5, deleted: 6, added: 7, previousLog: 9 } as const;

interface State {
  readonly tables: Map<string, LiveTable>;
  log: number;
  previousLog: number;
}

/** Name of a file of the database, of those whose names are a number. */
export function levelName(number: number, suffix: 'ldb' | 'sst' | 'log'): string {
  return `${String(number).padStart(6, '0')}.${suffix}`;
}

/**
 * Reads CURRENT and the manifest it names. Undefined with damage when they cannot be read: without them nobody knows
 * which tables count.
 */
export async function readVersion(folder: FolderReader, damage: Damage[]): Promise<LevelVersion | undefined> {
  const names = await folder.list();
  const wrong = (name: string, detail: string, offset?: number): undefined => {
    damage.push({ path: folder.path(name), offset, detail });
  };
  if (!names.includes('CURRENT')) return wrong('CURRENT', 'file is missing');
  const current = String.fromCharCode(...(await folder.read('CURRENT')).subarray(0, 64));
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (name === undefined) return wrong('CURRENT', 'names no manifest', 0);
  if (!names.includes(name)) return wrong(name, 'file is missing, CURRENT names it');
  const path = folder.path(name);
  const log = readLog(await folder.read(name), path);
  damage.push(...log.damage);
  if (log.damage.length > 0) return undefined;
  const state: State = { tables: new Map(), log: 0, previousLog: 0 };
  for (const record of log.records) {
    try {
      apply(state, new Reader(record.data));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return wrong(name, error.message, record.at);
    }
  }
  // Whoever has the database open makes a log before the manifest names it: names from before would lack it.
  const logs = (await folder.list())
    .map((file) => Number(/^(\d+)\.log$/.exec(file)?.[1] ?? -1))
    .filter((number) => number >= 0 && (number >= state.log || number === state.previousLog))
    .sort((a, b) => a - b);
  if (state.log > 0 && !logs.includes(state.log)) wrong(levelName(state.log, 'log'), 'file is missing');
  return { tables: [...state.tables.values()], logs };
}

function apply(state: State, r: Reader): void {
  while (r.left > 0) {
    const tag = varint32(r, 'manifest tag');
    if (tag === TAG.comparator) varSlice(r, 'comparator');
    else if (tag === TAG.log) state.log = varint64(r, 'log number');
    else if (tag === TAG.previousLog) state.previousLog = varint64(r, 'log number');
    else if (tag === TAG.next || tag === TAG.sequence) varint64(r, 'number');
    else if (tag === TAG.compact) {
      varint32(r, 'level');
      varSlice(r, 'key');
    } else if (tag === TAG.deleted) {
      const level = varint32(r, 'level');
      state.tables.delete(`${level}/${varint64(r, 'file number')}`);
    } else if (tag === TAG.added) {
      const place = { level: varint32(r, 'level'), number: varint64(r, 'file number'), size: varint64(r, 'file size') };
      const table = { ...place, smallest: varSlice(r, 'smallest key'), largest: varSlice(r, 'largest key') };
      state.tables.set(`${table.level}/${table.number}`, table);
    } else throw new DecodeError(`unknown manifest tag ${tag}`);
  }
}
