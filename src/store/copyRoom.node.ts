import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { full, toStoreError } from './errors.ts';
import type { Damage } from './level/damage.ts';
import { nodeFolder } from './level/folderNode.node.ts';
import { levelName, readVersion } from './level/manifest.ts';

/** Beyond the records: logs, manifests and tables that a compaction has not deleted yet. */
const MARGIN_BYTES = 16 << 20;
/** A checksum is 4 bytes of a record that has about 70: this part of the size is added. */
const GROWTH = 1 / 16;

/** Bytes that are free to everybody where the folder lies. */
export type FreeBytes = (folder: string) => Promise<number>;

/** A database `from` that is copied into folder `to`, of which there may be a part. */
export interface Copied {
  readonly from: string;
  readonly to: string;
}

/**
 * Throws the StoreError of a full disk when folder `dir` has no room for what is missing of the copies; writes nothing. A
 * database that cannot be read counts for nothing: its copy is refused for other reasons.
 */
export async function checkRoom(dir: string, copies: readonly Copied[], freeBytes: FreeBytes = askDisk): Promise<void> {
  let missing = 0;
  for (const { from, to } of copies) {
    const size = await liveBytes(from);
    missing += Math.max(0, Math.ceil(size * (1 + GROWTH)) - (await bytesIn(to)));
  }
  if (missing === 0) return;
  const needed = missing + MARGIN_BYTES;
  const free = await freeBytes(dir);
  if (free < needed) throw full(dir, `the copy of the databases needs ${needed} bytes, ${free} are free`);
}

/** Tables and logs that count. */
async function liveBytes(path: string): Promise<number> {
  const damage: Damage[] = [];
  const version = await readVersion(nodeFolder(path), damage);
  if (version === undefined) return 0;
  let bytes = version.tables.reduce((sum, { size }) => sum + size, 0);
  for (const log of version.logs) bytes += await sizeOf(join(path, levelName(log, 'log')));
  return bytes;
}

async function bytesIn(path: string): Promise<number> {
  let bytes = 0;
  for (const name of await nodeFolder(path).list()) bytes += await sizeOf(join(path, name));
  return bytes;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw toStoreError(error, path, 'looking at the file');
  }
}

async function askDisk(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    throw toStoreError(error, folder, 'asking for the free space');
  }
}
