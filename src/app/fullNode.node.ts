import { ChainManager } from '../chain/chainManager.ts';
import type { ScriptChecker } from '../chain/ports.ts';
import { VerifiedScripts } from '../chain/verifiedScripts.ts';
import type { Judge } from '../consensus/engine.ts';
import { judgeFor } from '../consensus/registry.ts';
import type { TxIndex } from '../index/txIndex.ts';
import { TxPool } from '../mempool/txPool.ts';
import { preloadNetwork } from '../net/host.node.ts';
import type { Network as PeerNetwork } from '../net/network.ts';
import { turns } from '../platform/turns.node.ts';
import { Announcer } from '../relay/announce.ts';
import { Heard } from '../relay/heard.ts';
import { MempoolSync } from '../relay/mempoolSync.ts';
import { OrphanTxs } from '../relay/orphanTxs.ts';
import { RejectedTxs } from '../relay/rejectedTxs.ts';
import type { KvChainStore } from '../store/chainStore.node.ts';
import { openFullStore } from '../store/openStores.node.ts';
import { BlockSync } from '../sync/blockSync.ts';
import { HeaderSync } from '../sync/headerSync.ts';
import { lookbackOf } from '../sync/lookback.ts';
import { PeerTips } from '../sync/peerTips.ts';
import { SyncProgress } from '../sync/progress.ts';
import { SERVICES } from '../wire/peer.ts';
import { assumedCoinsOf, assumeValidOf, minChainWorkOf } from './assumptions.ts';
import { blocksBackend } from './backend/blocks.ts';
import { ChainTxCounts } from './backend/chainTx.ts';
import { coinSetBackend } from './backend/coinSet.node.ts';
import { headersBackend } from './backend/headers.ts';
import { nodeBackend } from './backend/node.node.ts';
import { peersBackend } from './backend/peers.ts';
import { mempoolBackend, poolSubmission } from './backend/pool.ts';
import { blockProofs } from './backend/proofs.ts';
import { scriptBackend } from './backend/scripts.ts';
import { CoinWalks } from './coinset/coinWalks.ts';
import { PastSync } from './coinset/pastSync.node.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import { rebuildParts } from './db/rebuildParts.node.ts';
import { followOpening } from './db/rebuildProgress.ts';
import type { DiskGuard } from './disk/diskGuard.ts';
import { BYTES_PER_COIN, watchDisk } from './disk/watchDisk.node.ts';
import { evidenceKeeper } from './evidence.node.ts';
import { EXIT, ExitError } from './exit.ts';
import { InitialDownload } from './initialDownload.ts';
import { keepPoolInFile } from './mempoolFile.node.ts';
import { fullOps } from './ops/fullOps.ts';
import { peerNetwork } from './peerNetwork.node.ts';
import { Pruner, pruneModeOf } from './pruner.ts';
import type { ComposeRole, Role, RoleParts } from './role.node.ts';
import { nodeScripts } from './scripts/nodeScripts.node.ts';
import { followTransactions } from './txIndex.node.ts';
import { helloOf, wireChain, wireInbound, wirePeers } from './wiring/fullWiring.ts';
import { logBlocks } from './wiring/progressLines.ts';

/** Peers to catch up with. */
const BLOCK_SERVERS = SERVICES.NETWORK | SERVICES.NETWORK_LIMITED;

/** What a full node offers its peers: all blocks, or the newest when the others are pruned or lie below a snapshot. */
function servicesOf({ prune }: NodeConfig, { snapshot }: ChainManager): number {
  const all = prune === 0 && snapshot.base === undefined;
  return (all ? SERVICES.NETWORK : SERVICES.NETWORK_LIMITED) | SERVICES.LIGHT_SERVER | SERVICES.RELAY;
}

/** Bytes of a block file: smaller ones when they are deleted as a whole. */
function fileBytesOf({ prune, blockFileKb }: NodeConfig): number {
  return (blockFileKb ?? (prune === 0 ? 131_072 : 16_384)) * 1024;
}

/** The parts of a full node that a miner builds upon. */
export interface FullNode extends Role {
  readonly chain: ChainManager;
  readonly pool: TxPool;
  readonly judge: Judge<unknown>;
  readonly progress: SyncProgress;
  readonly guard: DiskGuard;
}

interface Core {
  readonly guard: DiskGuard;
  /** Counts of the coins in memory that the disk must still have room for. */
  readonly dirtyCoins: (() => number)[];
  readonly store: KvChainStore;
  readonly chain: ChainManager;
  readonly pool: TxPool;
  readonly judge: Judge<unknown>;
  readonly scripts: ScriptChecker;
}

/** Store, chain and pool: what the node is without a network. */
async function openCore(parts: RoleParts): Promise<Core> {
  const { config, network, clock, log, lifetime } = parts;
  const judge = judgeFor(network);
  parts.warmup('Loading block index…');
  const dirtyCoins: (() => number)[] = [];
  const guard = await watchDisk(parts, () => dirtyCoins.reduce((sum, count) => sum + count(), 0));
  const store = await openFullStore({
    ...{ dir: config.datadir, network, held: parts.held },
    maxFileBytes: fileBytesOf(config),
    rebuild: rebuildParts({ network, clock, log, stop: parts.stop, tell: parts.warmup, wanted: parts.rebuild }),
    tell: (message) => log.warn({}, message),
    damaged: parts.fail,
    ...{ dbcache: config.dbcache, onFlush: parts.onFlush, stop: parts.stop },
    behind: { clock, timers: parts.platform.timers, fail: parts.fail, mayFlush: () => guard.mayWrite },
    pause: turns.pause,
  });
  lifetime.add(() => store.close());
  dirtyCoins.push(() => store.cacheSize().dirty);
  flushWhenPaused(guard, store, parts);
  await tellCutLoad(store, parts);
  const scripts = nodeScripts(config.par, lifetime, { log: log.child({ room: 'chain' }) });
  const verified = new VerifiedScripts();
  let following = (): void => {};
  const chain = await ChainManager.open({
    network,
    judge,
    store,
    scripts: verified.sparing(scripts),
    clock,
    evidence: evidenceKeeper(config.datadir, log),
    assumeValid: assumeValidOf(config, network),
    room: (bytes) => guard.room(bytes),
    pause: turns.pause,
    checkStop: () => parts.stop.throwIfAborted(),
    onOpening: (opening) => {
      following = followOpening(opening, { clock, log, tell: parts.warmup }, parts.stop);
    },
    onHalt: parts.fail,
    onFailure: parts.fail,
  });
  lifetime.add(() => chain.close());
  following();
  if (store.rebuild !== undefined) parts.warmup('Writing the coins…');
  await store.rebuilt();
  checkPruned(chain, config);
  parts.warmup('Loading unconfirmed transactions…');
  const pool = new TxPool(
    {
      chain,
      params: network.consensus,
      scripts: verified.remembering(scripts),
      clock,
      log: log.child({ room: 'mempool' }),
    },
    {
      maxMemory: config.mempool.maxMb * 1_000_000,
      minRelayFeeRate: BigInt(config.mempool.minFeeRate),
      expiryMs: config.mempool.expiryHours * 3_600_000,
    },
  );
  lifetime.add(() => pool.close());
  await keepPoolInFile({
    pool,
    datadir: config.datadir,
    timers: parts.platform.timers,
    log,
    lifetime,
    stop: parts.stop,
  });
  return { guard, dirtyCoins, store, chain, pool, judge, scripts };
}

/** Coins on disk are worth more than room for them: blocks may go on. */
function flushWhenPaused(guard: DiskGuard, coins: { flush(): Promise<void> }, { lifetime, fail }: RoleParts): void {
  lifetime.add(guard.events.on('paused', () => void (guard.mayWrite && coins.flush().catch(fail))));
}

/** The last run ended while loadtxoutset replaced the coins: opening the chain drops them. */
async function tellCutLoad(store: KvChainStore, { log, warmup }: RoleParts): Promise<void> {
  if ((await store.snapshot())?.state !== 'loading') return;
  warmup('Dropping a snapshot of coins that was not loaded to its end…');
  log.warn(
    {},
    'the node ended while a snapshot of coins was being loaded: what was loaded is dropped and the stored blocks are connected again; loadtxoutset can be called once more then',
  );
}

/** Blocks that were deleted do not come back by switching an option. Throws ExitError (78). */
function checkPruned(chain: ChainManager, { prune, datadir }: NodeConfig): void {
  const lowest = chain.prunedBelow();
  if (prune !== 0 || lowest === undefined) return;
  throw new ExitError(EXIT.config, `${datadir} was pruned: blocks below ${lowest} are gone, and prune is 0`, {
    next: 'start with --prune 1, or with --reindex to download the chain again',
  });
}

/** What people should know of the chain. */
function chainWarnings(chain: ChainManager, index: TxIndex | undefined): string[] {
  const branch = chain.unreachableBranch();
  const failed = index?.info().failed;
  const { base } = chain.snapshot;
  const why =
    base === undefined
      ? `forks off below block ${chain.prunedBelow()}: it cannot be followed, because the undo data of the blocks below were pruned`
      : `forks off below block ${base.height}, with whose coins the chain began: it waits until the blocks below are validated`;
  return [
    ...(failed === undefined
      ? []
      : [`The transaction index cannot be used: ${failed}. Start with --reindex-txindex to build it anew`]),
    ...(branch === undefined
      ? []
      : [`The branch with the most work (tip ${branch.header.id}, height ${branch.height}) ${why}`]),
  ];
}

/** Catching up with the network. */
function buildSync(parts: RoleParts, { chain, judge, guard, scripts, store }: Core, net: PeerNetwork) {
  const { network, clock, log, lifetime, fail } = parts;
  const { timers, random } = parts.platform;
  const logger = parts.log.child({ room: 'sync' });
  const common = { chain, net, clock, timers, random, logger, fail, stream: 'sync' } as const;
  const tips = new PeerTips({
    ...common,
    services: BLOCK_SERVERS,
    ownTip: () => ({ ...tipClaim(chain), services: servicesOf(parts.config, chain) }),
  });
  const headers = new HeaderSync({
    ...common,
    tips,
    judge,
    lookback: lookbackOf(network.consensus),
    maxFutureSeconds: network.consensus.maxFutureSeconds,
    anchor: () => chain.tip(),
    minChainWork: minChainWorkOf(parts.config, network),
  });
  const paused = (): string | undefined => guard.paused;
  const blocks = new BlockSync({ ...common, tips, paused, pause: turns.pause });
  const progress = new SyncProgress({ chain, tips, headers, blocks, clock, paused });
  for (const part of [tips, headers, blocks]) lifetime.add(() => part.close());
  const { datadir, dbcache } = parts.config;
  const past = new PastSync({
    ...common,
    ...{ store, tips, paused, network, scripts, datadir, lifetime, onFlush: parts.onFlush, stop: parts.stop },
    chainCacheBytes: dbcache * 1_000_000,
    mayFlush: () => guard.mayWrite,
    log: log.child({ room: 'chain' }),
    // Connected peers learn of it from the question for their tip, new ones from hello.
    onChange: () => {
      net.setHello({ ...helloOf(chain.tip()), services: servicesOf(parts.config, chain) });
      tips.pollAll();
    },
  });
  return { tips, headers, blocks, progress, past };
}

function tipClaim(chain: ChainManager) {
  const { height, header, chainWork } = chain.tip();
  return { height, hash: header.hash, chainWork };
}

/** A full node: keeps and verifies everything, relays, serves other nodes. */
export async function buildFullNode(parts: RoleParts): Promise<FullNode> {
  const { config, clock, lifetime, fail } = parts;
  const { timers, random } = parts.platform;
  const libp2p = preloadNetwork();
  libp2p.catch(() => {});
  const core = await openCore(parts);
  const { chain, pool, store, judge, guard } = core;
  const services = (): number => servicesOf(config, chain);
  await libp2p;
  const net = peerNetwork(parts, services(), helloOf(chain.tip()));
  lifetime.add(() => net.stop());
  const sync = buildSync(parts, core, net);
  const { tips, headers, blocks, progress, past } = sync;
  core.dirtyCoins.push(() => past.dirtyCoins);
  flushWhenPaused(guard, past, parts);

  const logger = parts.log.child({ room: 'relay' });
  const heard = new Heard();
  const rejected = new RejectedTxs();
  const common = { chain, mempool: pool, net, heard, rejected, timers, random, logger, fail };
  const orphans = new OrphanTxs(common);
  const announcer = new Announcer({
    ...common,
    publish: (topic, data) => net.publish(topic, data),
    tellTip: () => tips.pollAll(),
    isCatchingUp: (entry) => blocks.isCatchingUp(entry),
  });
  const poolSync = new MempoolSync(common);
  for (const part of [orphans, announcer, poolSync]) lifetime.add(() => part.close());
  const status = () => {
    const info = progress.info();
    return { ...info, peers: net.peers().length, mempool: pool.size, stalled: info.stalledReason ?? '' };
  };
  const wiring = {
    ...{ chain, net, tips, blocks, progress, announcer, poolSync, lifetime },
    onBlock: { chain, net, headers, tips, heard },
    onTx: { mempool: pool, net, heard, rejected, orphans },
    serve: { chain, mempool: pool, tips, services, status, net },
  };
  wireInbound(wiring);
  wirePeers(wiring);
  wireChain(wiring);
  logBlocks({ chain, progress, clock, timers, lifetime, log: parts.log.child({ room: 'chain' }) });

  const index = await followTransactions(parts, chain);
  const pruneMode = pruneModeOf(config.prune);
  if (pruneMode.kind === 'automatic')
    new Pruner({ chain, store, bytes: pruneMode.bytes, log: parts.log.child({ room: 'chain' }), lifetime, fail });

  parts.warmup('Starting network…');
  parts.stop.throwIfAborted();
  await net.start();
  for (const part of [tips, headers, blocks, orphans, announcer, poolSync]) part.start();
  await past.resume();

  const initial = new InitialDownload({
    chain,
    clock,
    synced: () => progress.synced(),
    development: parts.network.development,
    minChainWork: minChainWorkOf(parts.config, parts.network),
  });
  const chainTxs = new ChainTxCounts(chain);
  const headersApi = headersBackend({
    chain,
    judge,
    chainTx: (entry) => chainTxs.upTo(entry),
    tip: () => chain.tip(),
    onTip: (listener) => chain.events.on('tip', listener),
  });
  const walks = new CoinWalks(turns.next, lifetime);
  const blocksApi = blocksBackend({ chain, store, walks, txIndex: index, pruneMode });
  const warnings = (): string[] => [
    ...(guard.paused === undefined ? [] : [guard.paused]),
    ...chainWarnings(chain, index),
    ...[past.warning()].filter((warning) => warning !== undefined),
  ];
  return {
    ...{ chain, pool, judge, progress, guard, peers: net },
    backend: {
      node: nodeBackend(parts, {
        warnings,
        sync: () => ({ ...progress.info(), initialDownload: initial.active() }),
      }),
      headers: headersApi,
      scripts: scriptBackend(parts.network.prefixes),
      blocks: blocksApi,
      coinSet: coinSetBackend({
        ...{ chain, chainTxs, walks, past, clock, magic: parts.network.magic, datadir: config.datadir },
        log: parts.log.child({ room: 'chain' }),
        assumed: assumedCoinsOf(config, parts.network),
        poolBusy: () => pool.size > 0,
        lackFor: (coins) => guard.lackFor(coins * BYTES_PER_COIN),
        tipCacheBytes: config.dbcache * 1_000_000,
      }),
      mempool: mempoolBackend(pool, announcer, lifetime),
      transactions: poolSubmission(pool, announcer),
      proofs: blockProofs(headersApi, blocksApi),
      peers: peersBackend(net, services, (key) => tips.get(key)?.services),
    },
    ops: fullOps({ chain, pool, net, store, progress, initial, guard, clock, lifetime }),
  };
}

export const composeFull: ComposeRole = async (parts) => {
  const full = await buildFullNode(parts);
  const { mining } = await import('./miningBackend.node.ts');
  return { ...full, backend: { ...full.backend, ...mining(parts, full) } };
};
