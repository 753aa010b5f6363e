import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeaderStore } from '../chain/ports.ts';
import { EMPTY } from '../util/bytes.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Kv } from '../util/ports.ts';
import type { Pause } from '../util/steps.ts';
import type { BlockFs } from './blockFs.ts';
import { openNodeBlockFs } from './blockFsNode.node.ts';
import { openChainDatabase } from './chainDatabase.node.ts';
import { KvChainStore } from './chainStore.node.ts';
import { CoinDoubt } from './coinDoubt.ts';
import type { FlushProgress } from './coinFlush.ts';
import { DamageLatch } from './damageLatch.ts';
import type { WriteBehind } from './durableWrites.ts';
import { headersAgain, StoreError } from './errors.ts';
import { KvHeaderStore } from './headerStore.ts';
import { openSummedKv, type TellLost } from './kvLevel.node.ts';
import { nodeFolder } from './level/folderNode.node.ts';
import { TablesInUse } from './level/tablesInUse.ts';
import type { Migrating } from './migrate.node.ts';
import { type Datadir, openDatadir, type StoreNetwork } from './openDatadir.node.ts';
import { KvPastCoins } from './pastCoins.ts';
import { endIndexing, type Rebuild, type RebuildState, replacedBy } from './rebuild.ts';
import type { FileEnd } from './recordFiles.ts';
import { PAST_AGAIN_KEY } from './schema.ts';

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
  options: {
    readonly dir: string;
    readonly network: StoreNetwork;
    readonly held?: Datadir;
    readonly migrating?: Migrating;
    readonly rebuild?: RebuildParts;
  },
  lifetime: Lifetime,
): Promise<void> {
  const { dir, network, held, migrating, rebuild } = options;
  if (held !== undefined) return;
  const datadir = await openDatadir(dir, network, migrating, replacedBy(rebuild?.wanted));
  lifetime.add(() => datadir.close());
}

export interface RebuildParts {
  readonly wanted: Rebuild | undefined;
  /** Reads the headers of all blocks in the files into the store; resolves with the end of the last whole record. */
  readonly index: (store: HeaderStore, fs: BlockFs) => Promise<FileEnd>;
}

async function index(kv: Kv, path: string, fs: BlockFs, parts: RebuildParts | undefined): Promise<RebuildState> {
  if (parts === undefined)
    throw new StoreError(
      'corrupt',
      path,
      'the index of blocks is being rebuilt',
      'Start the node, which goes on with it',
    );
  return endIndexing(kv, await parts.index(new KvHeaderStore(kv, path, new Lifetime()), fs));
}

/**
 * Storage of a full node in data directory `dir`. `network`: params' Network. Until close() no other process can
 * open the directory.
 * Throws DatadirLockedError, WrongNetworkError, UnknownFormatError or StoreError.
 */
export function openFullStore(options: {
  readonly dir: string;
  readonly network: StoreNetwork;
  /** Bytes of a block or undo file before the next is begun; default 128 MiB. */
  readonly maxFileBytes?: number;
  /** Making things anew; without it a rebuild of the index that was interrupted cannot go on. */
  readonly rebuild?: RebuildParts;
  /** The directory when the caller holds it already. */
  readonly held?: Datadir;
  /** Hears that a directory of an older format is brought to this one; without it such a directory is refused. */
  readonly migrating?: Migrating;
  /** Hears what a power cut took from the database. */
  readonly tell?: TellLost;
  /** Memory for coins in 10^6 bytes; default DEFAULT_DBCACHE. */
  readonly dbcache?: number;
  /** As ChainStoreParts: without it every commit is synced. */
  readonly behind?: WriteBehind;
  /** Hears of the first damage that is met in the database: nothing is written from then on, and the node should stop. */
  readonly damaged?: (error: StoreError) => void;
  /** As ChainStoreParts. */
  readonly pause?: Pause;
  readonly onFlush?: FlushProgress;
  readonly stop?: AbortSignal;
}): Promise<KvChainStore> {
  return opening(async (lifetime) => {
    await hold(options, lifetime);
    const path = join(options.dir, 'chain');
    const fs = await openNodeBlockFs(join(options.dir, 'blocks'));
    const latch = new DamageLatch(options.damaged);
    const { kv, rebuild: begun } = await openChainDatabase(options.dir, fs, {
      ...{ wanted: options.rebuild?.wanted, tell: options.tell, stop: options.stop, latch },
    });
    lifetime.add(() => kv.close());
    const rebuild = begun?.step === 'indexing' ? await index(kv, path, fs, options.rebuild) : begun;
    const { maxFileBytes, dbcache, behind, pause, onFlush, stop, tell = () => {} } = options;
    const nowMs = (): number => behind?.clock.monotonicMs() ?? performance.now();
    const tables = new TablesInUse({ folder: nodeFolder(path), nowMs, pause: pause ?? (() => undefined) });
    const doubt = new CoinDoubt({ path, tables, latch, nowMs, tell, stop });
    return KvChainStore.open({
      ...{ kv, path, fs, magic: options.network.magic, lifetime, latch, doubt },
      ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
      ...(rebuild === undefined ? {} : { rebuild }),
      ...(dbcache === undefined ? {} : { cacheBytes: dbcache * 1_000_000 }),
      ...(behind === undefined ? {} : { behind }),
      ...(pause === undefined ? {} : { pause }),
      ...(onFlush === undefined ? {} : { onFlush }),
      ...(stop === undefined ? {} : { stop }),
    });
  });
}

/** kept: those of an earlier run, when there are; fresh: none; again: none, and as PastCoins.again says. */
export type PastStart = 'kept' | 'fresh' | 'again';

/**
 * The coins below a snapshot's base, in data directory `dir`, for whoever holds the directory. Kept ones that nobody can tell
 * to be whole are begun anew; throws StoreError 'corrupt' for damaged ones.
 */
export async function openPastCoins(options: {
  readonly dir: string;
  readonly start: PastStart;
  readonly cacheBytes: number;
  /** As PastCoinsParts. */
  readonly syncChain: () => Promise<void>;
  /** Asked between the steps of long work; default: none. */
  readonly pause?: Pause;
  /** As openFullStore's. */
  readonly tell?: TellLost;
  readonly onFlush?: FlushProgress;
}): Promise<KvPastCoins> {
  const { dir, start, cacheBytes, syncChain, pause = () => undefined, tell, onFlush } = options;
  if (start !== 'kept') await removePastCoins(dir);
  const path = join(dir, 'past');
  const hint = `Delete ${path} while no node runs: the blocks below the snapshot are connected again from genesis`;
  const kv = await openSummedKv(path, { tell, hint });
  let coins: KvPastCoins | undefined;
  try {
    if (start === 'again') await kv.batch([{ type: 'put', key: PAST_AGAIN_KEY, value: EMPTY }], { sync: true });
    const remove = (): Promise<void> => removePastCoins(dir);
    const parts = { kv, path, cacheBytes, syncChain, pause, remove, salt: randomBytes(16) };
    coins = await KvPastCoins.open({ ...parts, ...(onFlush && { onFlush }) });
  } finally {
    if (coins === undefined) await kv.close();
  }
  return coins ?? openPastCoins({ ...options, start: 'fresh' });
}

/** Removes what is left of coins below a snapshot. */
export function removePastCoins(dir: string): Promise<void> {
  return rm(join(dir, 'past'), { recursive: true, force: true });
}

/** Storage of a light node in data directory `dir`. Throws as openFullStore. */
export function openHeaderStore(options: {
  readonly dir: string;
  readonly network: StoreNetwork;
  readonly held?: Datadir;
  readonly migrating?: Migrating;
  /** As openFullStore's. */
  readonly tell?: TellLost;
}): Promise<KvHeaderStore> {
  return opening(async (lifetime) => {
    await hold(options, lifetime);
    const path = join(options.dir, 'headers');
    const hint = headersAgain(path);
    const kv = await openSummedKv(path, { tell: options.tell, hint }).catch((error: unknown) => {
      if (!(error instanceof StoreError) || error.kind !== 'corrupt') throw error;
      throw new StoreError('corrupt', error.path, error.detail, hint, error);
    });
    lifetime.add(() => kv.close());
    return new KvHeaderStore(kv, path, lifetime);
  });
}
