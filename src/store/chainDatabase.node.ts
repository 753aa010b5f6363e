import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kv } from '../util/ports.ts';
import type { BlockFs } from './blockFs.ts';
import { StoreError, toStoreError } from './errors.ts';
import { openLevelKv, type TellLost } from './kvLevel.node.ts';
import { beginChainstate, beginIndexing, type Rebuild, type RebuildState, rebuildState } from './rebuild.ts';

export interface ChainDatabase {
  readonly kv: Kv;
  /** What a rebuild has left to do. */
  readonly rebuild: RebuildState | undefined;
}

/**
 * Opens the database of a chain in data directory `dir`. `wanted`: what to make anew; one that was interrupted goes on in any
 * case. For the index the old database is replaced as a whole, so that it may be damaged in any way:
 *   1. a new one is made in chain.new; a crash now leaves the old one;
 *   2. chain becomes chain.old, chain.new becomes chain; a crash in between is finished here;
 *   3. chain.old is deleted.
 */
export async function openChainDatabase(
  dir: string,
  fs: BlockFs,
  wanted: Rebuild | undefined,
  tell?: TellLost,
): Promise<ChainDatabase> {
  const path = join(dir, 'chain');
  await finishReplacing(path);
  if (wanted === 'index' && !(await isIndexing(path, tell))) {
    await rm(`${path}.new`, { recursive: true, force: true });
    const fresh = await openLevelKv(`${path}.new`);
    try {
      await beginIndexing(fresh, fs);
    } finally {
      await fresh.close();
    }
    await guard(path, rename(path, `${path}.old`));
    await finishReplacing(path);
  }
  const kv = await openLevelKv(path, tell);
  try {
    return { kv, rebuild: await beginChainstate(kv, wanted === 'chainstate') };
  } catch (error) {
    await kv.close();
    throw error;
  }
}

/** True when the database is being made anew already, and can be read. */
async function isIndexing(path: string, tell: TellLost | undefined): Promise<boolean> {
  let kv: Kv | undefined;
  try {
    kv = await openLevelKv(path, tell);
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
