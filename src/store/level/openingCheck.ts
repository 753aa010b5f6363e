import { DecodeError } from '../../util/codec.ts';
import type { Damage, FolderReader } from './damage.ts';
import { keysOfBatch, verifyLiveTable } from './frozenKv.ts';
import { readLog } from './log.ts';
import { levelName, readVersion } from './manifest.ts';

/** Bytes of tables that are read to the end before the database is opened, newest first: a tenth of a second at most. */
const TABLE_BYTES = 4 << 20;

export interface OpeningFolder extends FolderReader {
  /** Cuts the file to `size` bytes, durably. */
  cut(name: string, size: number): Promise<void>;
}

export interface OpeningCheck {
  /** Bytes that were durable and are not what was written: the database must not be opened. */
  readonly damage: readonly Damage[];
  /** Ends of logs that were cut: writes that no later sync had covered, as a power cut leaves them. */
  readonly cut: readonly Damage[];
}

/**
 * Looks at what LevelDB passes over when it opens a folder: of a log it drops each record that does not fit its checksum and
 * goes on behind it, and a table's checksums it does not look at (a damaged index can even end the process). So a damaged
 * record with a synced batch behind it is damage; without one it may be what a power cut left, and the log is cut there:
 * what comes behind a lost write must be lost, too. `isSynced`: is a batch with this key always synced?
 */
export async function checkBeforeOpening(
  folder: OpeningFolder,
  isSynced: (key: Uint8Array) => boolean,
): Promise<OpeningCheck> {
  const damage: Damage[] = [];
  const cut: Damage[] = [];
  const names = await folder.list();
  // Nothing yet, or a crash while it was made.
  if (!names.includes('CURRENT') && !names.some((name) => /\.(ldb|sst)$/.test(name))) return { damage, cut };
  const version = await readVersion(folder, damage);
  if (version === undefined || damage.length > 0) return { damage, cut };
  for (const number of version.logs) {
    const name = levelName(number, 'log');
    const log = readLog(await folder.read(name), folder.path(name));
    const first = log.damage.reduce<Damage | undefined>(
      (least, one) => ((one.offset ?? 0) < (least?.offset ?? Number.POSITIVE_INFINITY) ? one : least),
      undefined,
    );
    if (first === undefined) continue;
    const at = first.offset ?? 0;
    if (log.records.some((record) => record.at > at && hasKey(record.data, isSynced))) damage.push(first);
    else {
      await folder.cut(name, at);
      cut.push(first);
    }
  }
  let left = TABLE_BYTES;
  for (const table of version.tables.toSorted((a, b) => b.number - a.number)) {
    left -= table.size;
    if (left < 0) break;
    damage.push(...(await verifyLiveTable(folder, names, table)));
  }
  return { damage, cut };
}

function hasKey(batch: Uint8Array, wanted: (key: Uint8Array) => boolean): boolean {
  try {
    for (const key of keysOfBatch(batch)) if (wanted(key)) return true;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  return false;
}
