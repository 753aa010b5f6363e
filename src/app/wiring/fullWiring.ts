import type { ChainManager } from '../../chain/chainManager.ts';
import type { Network } from '../../net/network.ts';
import type { Announcer } from '../../relay/announce.ts';
import type { MempoolSync } from '../../relay/mempoolSync.ts';
import { type OnBlockDeps, onBlock } from '../../relay/onBlock.ts';
import { onHeader } from '../../relay/onHeader.ts';
import { type OnTxDeps, onTx } from '../../relay/onTx.ts';
import { type ServeLightDeps, serveLight } from '../../relay/serveLight.ts';
import { serveSync } from '../../relay/serveSync.ts';
import type { BlockSync } from '../../sync/blockSync.ts';
import type { PeerTips } from '../../sync/peerTips.ts';
import type { SyncProgress } from '../../sync/progress.ts';
import type { Lifetime } from '../../util/lifetime.ts';

export interface FullWiring {
  readonly chain: ChainManager;
  readonly net: Network;
  readonly tips: PeerTips;
  readonly blocks: BlockSync;
  readonly progress: SyncProgress;
  readonly announcer: Announcer;
  readonly poolSync: MempoolSync;
  readonly onBlock: OnBlockDeps;
  readonly onTx: OnTxDeps;
  readonly serve: ServeLightDeps;
  readonly lifetime: Lifetime;
}

/** Gossip and requests to the files that judge and answer them. */
export function wireInbound(w: FullWiring): void {
  w.net.onGossip('tx', onTx(w.onTx));
  w.net.onGossip('block', onBlock(w.onBlock));
  w.net.onGossip('header', onHeader({ ...w.onBlock, expectBody: (entry) => w.blocks.expectGossip(entry) }));
  w.net.serve('sync', serveSync(w.serve));
  w.net.serve('light', serveLight(w.serve));
}

/** Peers that come and go to those who talk to them. */
export function wirePeers(w: FullWiring): void {
  w.lifetime.add(w.net.events.on('ready', ({ peer }) => w.tips.add(peer)));
  w.lifetime.add(w.net.events.on('ready', ({ peer }) => w.poolSync.onReady(peer)));
  w.lifetime.add(w.net.events.on('ready', () => w.announcer.retry()));
  w.lifetime.add(w.net.events.on('gone', ({ peer }) => w.tips.remove(peer)));
}

/** What the chain does to those who follow it (the pool subscribes by itself). */
export function wireChain(w: FullWiring): void {
  w.lifetime.add(w.chain.events.on('tip', ({ entry }) => w.net.setHello(helloOf(entry))));
  w.lifetime.add(w.chain.events.on('tip', ({ entry }) => w.progress.observe(entry.height)));
  w.lifetime.add(w.chain.events.on('tip', () => w.onTx.rejected.clear()));
}

/** What hello says of our chain. */
export function helloOf(entry: {
  readonly height: number;
  readonly header: { readonly hash: Uint8Array };
  readonly chainWork: bigint;
}) {
  return { height: entry.height, bestHash: entry.header.hash, chainWork: entry.chainWork };
}
