import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kv } from '../util/ports.ts';
import type { BlockFs } from './blockFs.ts';
import type { DamageLatch } from './damageLatch.ts';
import { decodeStored, StoreError, toStoreError, UnvalidatedCoinsError } from './errors.ts';
import { cutTornLogs, openSummedKv, type TellLost } from './kvLevel.node.ts';
import { nodeFolder } from './level/folderNode.node.ts';
import { FrozenKv } from './level/frozenKv.ts';
import {
  beginChainstate,
  beginIndexing,
  copyWithoutCoins,
  type Rebuild,
  type RebuildState,
  rebuildState,
} from './rebuild.ts';
import { SNAPSHOT_KEY } from './schema.ts';
import { decodeSnapshot } from './snapshotRecord.ts';
import { SummedKv } from './summedKv.ts';

export interface ChainDatabaseParts {
  /** What to make anew. */
  readonly wanted?: Rebuild | undefined;
  readonly tell?: TellLost | undefined;
  readonly latch?: DamageLatch | undefined;
  /** Ends the copying and deleting of records with an error; the next start goes on. */
  readonly stop?: AbortSignal | undefined;
}

export interface ChainDatabase {
  readonly kv: Kv;
  /** What a rebuild has left to do. */
  readonly rebuild: RebuildState | undefined;
}

/**
 * Opens the database of a chain in data directory `dir`. `wanted`: what to make anew; one that was interrupted goes on in any
 * case. The old database is replaced as a whole then, so that it may be damaged: for the index in any way, for the coins
 * wherever coins lie.
 *   1. a new one is made in chain.new, for the coins with everything else of the old one; a crash now leaves the old one;
 *   2. chain becomes chain.old, chain.new becomes chain; a crash in between is finished here;
 *   3. chain.old is deleted.
 */
export async function openChainDatabase(
  dir: string,
  fs: BlockFs,
  { wanted, tell, latch, stop }: ChainDatabaseParts,
): Promise<ChainDatabase> {
  const path = join(dir, 'chain');
  await finishReplacing(path);
  if (wanted === 'index' && !(await isIndexing(path, tell))) await replace(path, (fresh) => beginIndexing(fresh, fs));
  if (wanted === 'chainstate' && (await exists(join(path, 'CURRENT')))) await replaceCoinsIn(path, tell, stop);
  const kv = await openSummedKv(path, { tell, ...(latch && { latch }) });
  try {
    return { kv, rebuild: await beginChainstate(kv, wanted === 'chainstate', stop) };
  } catch (error) {
    await kv.close();
    throw error;
  }
}

/** Steps 1 to 3; `fill` gets the new database. */
async function replace(path: string, fill: (fresh: Kv) => Promise<void>): Promise<void> {
  await guard(path, rm(`${path}.new`, { recursive: true, force: true }));
  const fresh = await openSummedKv(`${path}.new`);
  try {
    await fill(fresh);
  } finally {
    await fresh.close();
  }
  await guard(path, rename(path, `${path}.old`));
  await finishReplacing(path);
}

/** Unless a rebuild is under way, which goes on. Deleting all coins one by one takes longer, and trips over damage. */
async function replaceCoinsIn(path: string, tell: TellLost | undefined, stop: AbortSignal | undefined): Promise<void> {
  await cutTornLogs(path, tell);
  const old = new SummedKv(await FrozenKv.open(nodeFolder(path)), { path });
  const state = await rebuildState(old);
  // Blocks above it keep their status, which says that their scripts need not be run again.
  if (state === undefined && (await isUnvalidated(old, path))) throw new UnvalidatedCoinsError(path);
  if (state === undefined || state.step === 'wiping')
    await replace(path, (fresh) => copyWithoutCoins(old, fresh, stop));
}

/** True when the chain stands on a snapshot of coins; not while one is being loaded, on which nothing was built. */
async function isUnvalidated(kv: Kv, path: string): Promise<boolean> {
  const record = await kv.get(SNAPSHOT_KEY);
  if (record === undefined) return false;
  return decodeStored(path, 'snapshot', () => decodeSnapshot(record)).state !== 'loading';
}

/** True when the database is being made anew already, and can be read. */
async function isIndexing(path: string, tell: TellLost | undefined): Promise<boolean> {
  let kv: Kv | undefined;
  try {
    kv = await openSummedKv(path, { tell });
    return (await rebuildState(kv))?.what === 'index';
  } catch (error) {
    if (error instanceof StoreError && error.kind !== 'full') return false;
    throw error;
  } finally {
    await kv?.close();
  }
}

async function finishReplacing(path: string): Promise<void> {
  if ((await exists(`${path}.new`)) && !(await exists(path))) await guard(path, rename(`${path}.new`, path));
  await guard(path, rm(`${path}.old`, { recursive: true, force: true }));
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false;
    throw toStoreError(error, path, 'looking at the folder');
  }
}

async function guard(path: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw toStoreError(error, path, 'replacing the database');
  }
}
