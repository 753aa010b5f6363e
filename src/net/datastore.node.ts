import { mkdir, rename, rm } from 'node:fs/promises';
import { LevelDatastore } from 'datastore-level';
import { Level } from 'level';
import type { Logger } from '../util/ports.ts';

/**
 * The peer store's LevelDB in `dir`. Its content can be found again, so a damaged one is moved aside (one copy is kept)
 * and begun anew. A directory that another process holds open is an error.
 */
export async function openDatastore(dir: string, logger: Logger): Promise<LevelDatastore> {
  try {
    return await open(dir);
  } catch (error) {
    // LevelDatastore itself would hide the cause: the database is opened here first.
    if (isLocked(error)) throw new Error(`${dir} is in use by another process`, { cause: error });
    logger.warn({ dir, err: error }, 'peer store is damaged: moved aside, starting with an empty one');
  }
  await rm(`${dir}.bad`, { recursive: true, force: true });
  await rename(dir, `${dir}.bad`);
  return open(dir);
}

async function open(dir: string): Promise<LevelDatastore> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const level = new Level<string, Uint8Array>(dir, { keyEncoding: 'utf8', valueEncoding: 'view' });
  await level.open();
  const store = new LevelDatastore(level);
  await store.open();
  return store;
}

function isLocked(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause)
    if ((e as NodeJS.ErrnoException).code === 'LEVEL_LOCKED') return true;
  return false;
}
