import { join } from 'node:path';
import { Lifetime } from '../util/lifetime.ts';
import { openNodeBlockFs } from './blockFsNode.node.ts';
import { KvChainStore } from './chainStore.node.ts';
import { gatherWrites } from './gatheredWrites.ts';
import { KvHeaderStore } from './headerStore.ts';
import { openLevelKv } from './kvLevel.node.ts';
import { type Datadir, openDatadir, type StoreNetwork } from './openDatadir.node.ts';

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

/** Takes the data directory unless the caller has. */
async function hold(
  { dir, network, held }: { readonly dir: string; readonly network: StoreNetwork; readonly held?: Datadir },
  lifetime: Lifetime,
): Promise<void> {
  if (held !== undefined) return;
  const datadir = await openDatadir(dir, network);
  lifetime.add(() => datadir.close());
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
  /** Bytes of a block or undo file before the next is begun; default 128 MiB. */
  readonly maxFileBytes?: number;
  /** The directory when the caller holds it already. */
  readonly held?: Datadir;
  /** Many commits share one sync: a crash loses the last of them, never more (gatheredWrites.ts). For imports. */
  readonly gather?: boolean;
}): Promise<KvChainStore> {
  return opening(async (lifetime) => {
    await hold(options, lifetime);
    const path = join(options.dir, 'chain');
    const level = await openLevelKv(path);
    let close = (): Promise<void> => level.close();
    lifetime.add(() => close());
    const files = await openNodeBlockFs(join(options.dir, 'blocks'));
    const { kv, fs } = options.gather === true ? gatherWrites(level, files) : { kv: level, fs: files };
    close = () => kv.close();
    const { txindex, maxFileBytes } = options;
    return KvChainStore.open({
      ...{ kv, path, fs, magic: options.network.magic, txindex, lifetime },
      ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
    });
  });
}

/** Storage of a light node in data directory `dir`. Throws as openFullStore. */
export function openHeaderStore(options: {
  readonly dir: string;
  readonly network: StoreNetwork;
  readonly held?: Datadir;
}): Promise<KvHeaderStore> {
  return opening(async (lifetime) => {
    await hold(options, lifetime);
    const path = join(options.dir, 'headers');
    const kv = await openLevelKv(path);
    lifetime.add(() => kv.close());
    return new KvHeaderStore(kv, path, lifetime);
  });
}
