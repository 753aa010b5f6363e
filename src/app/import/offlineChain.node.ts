import type { AssumeValid } from '../../chain/assumeValid.ts';
import { ChainManager } from '../../chain/chainManager.ts';
import { HeaderChain } from '../../chain/headerChain.ts';
import { judgeFor } from '../../consensus/registry.ts';
import type { Network } from '../../params/network.ts';
import { nodejs } from '../../platform/nodejs.node.ts';
import { turns } from '../../platform/turns.node.ts';
import { DEFAULT_DBCACHE } from '../../store/chainStore.node.ts';
import type { FlushProgress } from '../../store/coinFlush.ts';
import { openFullStore, openHeaderStore } from '../../store/openStores.node.ts';
import { Lifetime } from '../../util/lifetime.ts';
import { bindDataDir, dataDir } from '../config/dataDir.node.ts';
import { bindingOf } from '../config/network.node.ts';
import { rebuildParts } from '../db/rebuildParts.node.ts';
import { followOpening } from '../db/rebuildProgress.ts';
import { evidenceKeeper } from '../evidence.node.ts';
import { createLogger } from '../log.node.ts';
import { nodeScripts } from '../scripts/nodeScripts.node.ts';

/** A chain opened without a node around it; nobody else can use its data directory meanwhile. */
export interface Offline<C> {
  readonly chain: C;
  close(): Promise<void>;
}

async function opening<C>(open: (lifetime: Lifetime) => Promise<C>): Promise<Offline<C>> {
  const lifetime = new Lifetime();
  try {
    const chain = await open(lifetime);
    return { chain, close: () => lifetime.close() };
  } catch (error) {
    await lifetime.close();
    throw error;
  }
}

/** The chain of a full node's data directory, made when missing. Throws as openFullStore (75 when a node runs on it). */
export async function openOfflineChain(options: {
  readonly datadir: string;
  readonly network: Network;
  /** As the node's option. */
  readonly par?: number;
  /** Many blocks will be connected. */
  readonly busy?: boolean;
  /** Absent: every script is run. */
  readonly assumeValid?: AssumeValid;
  /** As the node's option. */
  readonly dbcache?: number;
  /** Ends the opening with an error: it may have to connect, read or delete much. */
  readonly stop?: AbortSignal;
  /** Told often what the opening does, when it takes long. */
  readonly tell?: (message: string) => void;
  /** Hears how far a flush of the coins is. */
  readonly onFlush?: FlushProgress;
}): Promise<Offline<ChainManager> & { readonly flushSoon: () => void }> {
  const { datadir, network, par = 0, busy = false, assumeValid, dbcache = DEFAULT_DBCACHE } = options;
  const { stop, tell = () => {}, onFlush } = options;
  let flushSoon = (): void => {};
  const opened = await opening(async (lifetime) => {
    const log = createLogger({ level: 'warn', json: false });
    // Threads start while the store opens.
    const scripts = nodeScripts(par, lifetime, { busy, log });
    bindDataDir(dataDir(datadir), bindingOf(network));
    const progress = { clock: nodejs.clock, log, tell };
    const rebuild = rebuildParts({ ...progress, network, stop, wanted: undefined });
    const store = await openFullStore({
      ...{ dir: datadir, network, dbcache, rebuild, migrating: { stop, tell: (message) => log.warn({}, message) } },
      ...(onFlush === undefined ? {} : { onFlush }),
      ...(stop === undefined ? {} : { stop }),
      tell: (message) => log.warn({}, message),
      // The next commit fails with it.
      behind: { clock: nodejs.clock, timers: nodejs.timers, fail: () => {} },
      pause: turns.pause,
    });
    lifetime.add(() => store.close());
    let following = (): void => {};
    const chain = await ChainManager.open({
      ...{ network, store, pause: turns.pause, clock: nodejs.clock },
      checkStop: () => stop?.throwIfAborted(),
      onOpening: (opening) => {
        following = followOpening(opening, progress, stop);
      },
      judge: judgeFor(network),
      scripts,
      ...(assumeValid === undefined ? {} : { assumeValid }),
      evidence: evidenceKeeper(datadir, log),
    });
    lifetime.add(() => chain.close());
    following();
    await store.rebuilt();
    // The close, which flushes what is left, hears of failures.
    flushSoon = () => void store.flushSoon().catch(() => undefined);
    return chain;
  });
  return { ...opened, flushSoon };
}

/** The headers of a light node's data directory, made when missing. */
export function openOfflineHeaders(options: {
  readonly datadir: string;
  readonly network: Network;
}): Promise<Offline<HeaderChain>> {
  const { datadir, network } = options;
  return opening(async (lifetime) => {
    bindDataDir(dataDir(datadir), bindingOf(network));
    const store = await openHeaderStore({ dir: datadir, network, migrating: { tell: () => {} } });
    lifetime.add(() => store.close());
    return HeaderChain.open({ network, judge: judgeFor(network), store, clock: nodejs.clock, pause: turns.pause });
  });
}

/** Headers in memory only: judged by the same rules, gone afterwards. */
export function openPassingHeaders(network: Network): Promise<HeaderChain> {
  const store = { async *loadHeaders() {}, putHeaders: async () => {} };
  return HeaderChain.open({ network, judge: judgeFor(network), store, clock: nodejs.clock, pause: turns.pause });
}
