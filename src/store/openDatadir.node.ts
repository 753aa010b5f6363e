import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { displayHash, type Hash256 } from '../primitives/hash.ts';
import { putInPlace } from './addSums.node.ts';
import {
  corrupt,
  DatadirLockedError,
  StoreError,
  toStoreError,
  UnknownFormatError,
  WrongNetworkError,
} from './errors.ts';
import { openUnchecked } from './kvLevel.node.ts';
import { holderOf, noteHolder } from './lockHolder.node.ts';
import { canMigrate, type Migrating, migrate } from './migrate.node.ts';
import { FORMAT_VERSION } from './schema.ts';

/** What storage knows of a network (params/network.ts' Network has it all). */
export interface StoreNetwork {
  readonly name: string;
  readonly chainId: Hash256;
  readonly magic: Uint8Array;
}

/** A data directory that this process holds. */
export interface Datadir {
  readonly dir: string;
  /** Brings it from an older format to this one where that was put off; before anything else is done with it. */
  migrate(options: Migrating): Promise<void>;
  /** Lets others have it. */
  close(): Promise<void>;
}

/**
 * Takes the data directory for this process and this network; creates it when missing.
 * Throws DatadirLockedError (another process has it; the operating system frees the lock when that one dies),
 * WrongNetworkError, UnknownFormatError or StoreError. A directory of an older format is brought to this one, which may take
 * long: `migrating` says who hears of it, or that it is done 'later' by Datadir.migrate; without it the directory is refused.
 * `replaced`: databases that the caller makes anew, so that it does not matter what they hold.
 */
export async function openDatadir(
  dir: string,
  network: StoreNetwork,
  migrating?: Migrating | 'later',
  replaced: readonly string[] = [],
): Promise<Datadir> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw toStoreError(error, dir, 'creating the data directory');
  }
  // An empty LevelDB is the one lock Node gives us that the kernel releases after kill -9.
  const lock = await openLock(dir);
  try {
    const format = await bind(dir, network, migrating !== undefined);
    if (format === FORMAT_VERSION) await putInPlace(dir);
    const held: Datadir = {
      ...{ dir, close: lock.close },
      async migrate(options) {
        if (format === FORMAT_VERSION) return;
        const reached = (to: number): Promise<void> => writeFormat(dir, formatPath(dir), network, to);
        await migrate(dir, format, FORMAT_VERSION, { ...options, replaced, reached });
        await putInPlace(dir);
      },
    };
    if (migrating !== undefined && migrating !== 'later') await held.migrate(migrating);
    return held;
  } catch (error) {
    await lock.close();
    throw error;
  }
}

async function openLock(dir: string): Promise<{ close(): Promise<void> }> {
  const path = join(dir, 'lock');
  try {
    const lock = await openUnchecked(path);
    const forget = await noteHolder(path);
    return {
      async close() {
        await forget();
        await lock.close();
      },
    };
  } catch (error) {
    if (error instanceof DatadirLockedError) throw new DatadirLockedError(dir, await holderOf(path));
    if (!(error instanceof StoreError) || error.kind === 'full') throw error;
    const hint = 'Delete that folder while no node runs: it holds nothing and is made again';
    throw new StoreError(error.kind, path, 'taking the lock of the data directory failed', hint, error);
  }
}

/** The format of the directory, which is this one or one that can be led to it. */
async function bind(dir: string, network: StoreNetwork, mayMigrate: boolean): Promise<number> {
  const path = formatPath(dir);
  const text = await readIfPresent(path);
  if (text === undefined) {
    await writeFormat(dir, path, network, FORMAT_VERSION);
    return FORMAT_VERSION;
  }
  let found: { format?: unknown; network?: unknown; chainId?: unknown };
  try {
    found = JSON.parse(text) as typeof found;
  } catch {
    throw corrupt(path, 'not JSON');
  }
  if (found === null || typeof found !== 'object') throw corrupt(path, 'not a JSON object');
  const chainId = displayHash(network.chainId);
  if (found.chainId !== chainId)
    throw new WrongNetworkError(
      dir,
      `${String(found.network)} (${String(found.chainId)})`,
      `${network.name} (${chainId})`,
    );
  if (found.format === FORMAT_VERSION) return FORMAT_VERSION;
  if (!canMigrate(found.format, FORMAT_VERSION))
    throw new UnknownFormatError(dir, String(found.format), FORMAT_VERSION, 'unknown');
  if (!mayMigrate) throw new UnknownFormatError(dir, String(found.format), FORMAT_VERSION, 'older');
  return found.format;
}

function formatPath(dir: string): string {
  return join(dir, 'format.json');
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw toStoreError(error, path, 'reading');
  }
}

/** Written beside and renamed: a crash leaves no half-written file. */
async function writeFormat(dir: string, path: string, network: StoreNetwork, format: number): Promise<void> {
  const content = { format, network: network.name, chainId: displayHash(network.chainId) };
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dir, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw toStoreError(error, path, 'writing');
  }
}
