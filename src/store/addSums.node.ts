import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asciiBytes, concatBytes } from '../util/bytes.ts';
import { copyRecords, isCopyOf } from './copyRecords.ts';
import { checkRoom } from './copyRoom.node.ts';
import { headersAgain, StoreError, toStoreError } from './errors.ts';
import { cutTornLogs, openSummedKv } from './kvLevel.node.ts';
import { damaged } from './level/damage.ts';
import { nodeFolder } from './level/folderNode.node.ts';
import { FrozenKv } from './level/frozenKv.ts';
import type { Migrating, MigrationRun } from './migrate.node.ts';
import type { SummedKv } from './summedKv.ts';

/** The databases whose records have checksums from format 3 on. */
const DATABASES = ['chain', 'past', 'headers'] as const;
/** Records between two reports. */
const REPORT = 1_000_000;
const REPORT_BYTES = 1 << 30;

/** As it is until format 3 is written down, and as it will be. */
const before = (path: string): string => `${path}.2`;
const after = (path: string): string => `${path}.3`;

/**
 * From format 2 to 3: every database is copied into one whose records carry checksums. What a crash after each step leaves:
 *   1. the tables are verified: what is damaged must not get a good checksum;
 *   2. NAME.3 is filled: the copy goes on there unless the database was opened meanwhile;
 *   3. format.json says 3 (by the caller): from then on NAME.3 is the database;
 *   4. NAME becomes NAME.2, NAME.3 becomes NAME (putInPlace), NAME.2 is deleted: finished when the directory is opened next.
 * The databases in `replaced` are left out. Throws before anything is written when the disk has no room for the copies.
 */
export async function addSums(dir: string, options: MigrationRun): Promise<void> {
  const isCopied = (name: (typeof DATABASES)[number]): boolean =>
    !options.replaced.includes(name) && existsSync(join(dir, name, 'CURRENT'));
  const paths = DATABASES.filter(isCopied).map((name) => join(dir, name));
  // All at once: nobody waits for the first copy to hear that there is no room for the next.
  await checkRoom(
    dir,
    paths.map((path) => ({ from: path, to: after(path) })),
    options.freeBytes,
  );
  for (const name of DATABASES) {
    const path = join(dir, name);
    if (!isCopied(name)) await guard(path, remove(after(path)));
    else await addSumsTo(path, options).catch((error: unknown) => withoutDamaged(name, path, error, options));
  }
}

/** What can be had again is not worth stopping for; otherwise throws `error` with what to do. */
async function withoutDamaged(
  name: (typeof DATABASES)[number],
  path: string,
  error: unknown,
  { tell }: Migrating,
): Promise<void> {
  if (!(error instanceof StoreError) || error.kind !== 'corrupt' || name === 'chain') throw error;
  if (name === 'headers') throw new StoreError('corrupt', error.path, error.detail, headersAgain(path), error);
  tell(`${error.path}: ${error.detail}: the blocks below the snapshot are connected again`);
  await guard(path, remove(path));
  await guard(path, remove(after(path)));
}

async function addSumsTo(path: string, { tell, stop }: Migrating): Promise<void> {
  await cutTornLogs(path, tell);
  const folder = nodeFolder(path);
  let verified = 0;
  const { kv, damage } = await FrozenKv.verify(folder, (done, total) => {
    stop?.throwIfAborted();
    if (done - verified < REPORT_BYTES) return;
    verified = done;
    tell(`${path}: ${Math.floor((done / total) * 100)}% verified`);
  });
  const [first] = damage;
  if (kv === undefined || first !== undefined) throw damaged(first ?? { path, detail: 'cannot be read' });
  const source = await identityOf(path);
  const to = await openCopy(after(path), source);
  let told = 0;
  try {
    await copyRecords(kv, to, source, (records) => {
      stop?.throwIfAborted();
      if (records - told < REPORT) return;
      told = records;
      tell(`${path}: ${records} records have a checksum`);
    });
  } finally {
    await to.close();
  }
}

/** What changes whenever LevelDB opens the database: the name of its manifest, and that one's content. */
async function identityOf(path: string): Promise<Uint8Array> {
  const folder = nodeFolder(path);
  const current = await folder.read('CURRENT');
  const manifest = await folder.read(String.fromCharCode(...current).trim());
  return concatBytes(current, asciiBytes(String(manifest.length)));
}

/** The copy of `source` that was begun there, or an empty one. */
async function openCopy(path: string, source: Uint8Array): Promise<SummedKv> {
  let to: SummedKv | undefined;
  try {
    to = await openSummedKv(path);
    if (await isCopyOf(to, source)) return to;
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'corrupt') throw error;
  }
  await to?.close();
  await guard(path, remove(path));
  return await openSummedKv(path);
}

/** Step 4, in a directory of format 3: puts every copy where the database was. */
export async function putInPlace(dir: string): Promise<void> {
  for (const name of DATABASES) {
    const path = join(dir, name);
    if (existsSync(after(path))) {
      if (existsSync(path))
        await guard(
          path,
          remove(before(path)).then(() => rename(path, before(path))),
        );
      await guard(path, rename(after(path), path));
    }
    if (existsSync(before(path))) await guard(path, remove(before(path)));
  }
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

async function guard(path: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw toStoreError(error, path, 'replacing the database');
  }
}
