import { join } from 'node:path';
import { Lifetime } from '../util/lifetime.ts';
import { openNodeBlockFs } from './blockFsNode.node.ts';
import { KvChainStore } from './chainStore.node.ts';
import { KvHeaderStore } from './headerStore.ts';
import { openLevelKv } from './kvLevel.node.ts';
import { openDatadir, type StoreNetwork } from './openDatadir.node.ts';

/** Runs `open`; when it throws, what was opened before is closed. */
async function opening<T>(open: (lifetime: Lifetime) => Promise<T>): Promise<T> {
  const lifetime = new Lifetime();
  try {
    return await open(lifetime);
  } catch (error) {
    await lifetime.close();
    throw error;
  }
}

/**
 * Storage of a full node in data directory `dir`. `network`: params' Network. `txindex`: keep an index of transactions
 * (built now when it was off before, dropped when it was on). Until close() no other process can open the directory.
 * Throws DatadirLockedError, WrongNetworkError, UnknownFormatError or StoreError.
 */
export function openFullStore(options: {
  readonly dir: string;
  readonly network: StoreNetwork;
  readonly txindex: boolean;
}): Promise<KvChainStore> {
  return opening(async (lifetime) => {
    const datadir = await openDatadir(options.dir, options.network);
    lifetime.add(() => datadir.close());
    const path = join(options.dir, 'chain');
    const kv = await openLevelKv(path);
    lifetime.add(() => kv.close());
    const fs = await openNodeBlockFs(join(options.dir, 'blocks'));
    return KvChainStore.open({ kv, path, fs, magic: options.network.magic, txindex: options.txindex, lifetime });
  });
}

/** Storage of a light node in data directory `dir`. Throws as openFullStore. */
export function openHeaderStore(options: {
  readonly dir: string;
  readonly network: StoreNetwork;
}): Promise<KvHeaderStore> {
  return opening(async (lifetime) => {
    const datadir = await openDatadir(options.dir, options.network);
    lifetime.add(() => datadir.close());
    const path = join(options.dir, 'headers');
    const kv = await openLevelKv(path);
    lifetime.add(() => kv.close());
    return new KvHeaderStore(kv, path, lifetime);
  });
}
