import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { TxPool } from '../mempool/txPool.ts';
import type { Lifetime } from '../util/lifetime.ts';
import type { Logger, Timers } from '../util/ports.ts';

/** A killed node loses at most the pool of this long; peers have it, too. */
const SAVE_EVERY_MS = 60_000;

async function save(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/**
 * Restores the pool from `<datadir>/mempool.dat` and keeps that file: every minute when something changed, and at the end.
 * The pool is no part of the ledger, so a file that cannot be read or written is a warning.
 */
export async function keepPoolInFile(options: {
  readonly pool: TxPool;
  readonly datadir: string;
  readonly timers: Timers;
  readonly log: Logger;
  readonly lifetime: Lifetime;
  /** Ends the restoring with an error; the file stays as it is. */
  readonly stop: AbortSignal;
}): Promise<void> {
  const { pool, datadir, timers, log, lifetime, stop } = options;
  const path = join(datadir, 'mempool.dat');
  const giveUp = (): void => void pool.close();
  stop.addEventListener('abort', giveUp);
  try {
    const outcome = await pool.load(await readFile(path));
    if (outcome.ok) log.debug({ ...outcome.value }, 'unconfirmed transactions restored');
    else log.warn({ path, detail: outcome.detail }, 'the saved unconfirmed transactions are damaged: starting without');
  } catch (error) {
    stop.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ path, err: error }, 'unconfirmed transactions not restored');
  } finally {
    stop.removeEventListener('abort', giveUp);
  }
  stop.throwIfAborted();
  let changed = false;
  let saving: Promise<void> = Promise.resolve();
  const keep = (): Promise<void> => {
    saving = saving.then(async () => {
      if (!changed) return;
      changed = false;
      await save(path, pool.dump()).catch((error: unknown) =>
        log.warn({ path, err: error }, 'unconfirmed transactions not saved'),
      );
    });
    return saving;
  };
  const note = (): void => {
    changed = true;
  };
  lifetime.add(keep);
  lifetime.add(pool.events.on('added', note));
  lifetime.add(pool.events.on('removed', note));
  lifetime.add(timers.every(SAVE_EVERY_MS, () => void keep()));
}
