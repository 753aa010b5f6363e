import type { Chain } from '../../src/chain/chain.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { BlockSync } from '../../src/sync/blockSync.ts';
import { HeaderSync } from '../../src/sync/headerSync.ts';
import type { HeaderJudge } from '../../src/sync/headerWalk.ts';
import { lookbackOf } from '../../src/sync/lookback.ts';
import { PeerTips } from '../../src/sync/peerTips.ts';
import { SyncProgress } from '../../src/sync/progress.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import type { Clock, Logger, Random, Timers } from '../../src/util/ports.ts';
import type { PeerPorts, PeerView } from '../../src/wire/messages/ask.ts';
import { type PeerKey, SERVICES } from '../../src/wire/peer.ts';

export interface ChainSyncDeps {
  readonly chain: Chain;
  /** consensus' Judge of the network. */
  readonly judge: HeaderJudge;
  readonly params: ConsensusParams;
  readonly net: PeerPorts;
  /** Own SERVICES bits. */
  readonly services: number;
  readonly minChainWork: bigint;
  readonly headersAhead?: number;
  readonly paused?: () => string | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Our own failure (disk, bug): the app stops the node. */
  readonly fail: (error: unknown) => void;
}

/** How a full node catches up and stays with the best chain, put together as the app does it. */
export class ChainSync {
  readonly tips: PeerTips;
  readonly headers: HeaderSync;
  readonly blocks: BlockSync;
  readonly progress: SyncProgress;
  readonly #chain: Chain;
  readonly #life = new Lifetime();

  constructor(deps: ChainSyncDeps) {
    const { chain, params, services } = deps;
    this.#chain = chain;
    this.tips = new PeerTips({
      ...deps,
      stream: 'sync',
      services: SERVICES.NETWORK,
      ownTip: () => {
        const { height, header, chainWork } = chain.tip();
        return { height, hash: header.hash, chainWork, services };
      },
    });
    this.headers = new HeaderSync({
      ...deps,
      tips: this.tips,
      stream: 'sync',
      lookback: lookbackOf(params),
      maxFutureSeconds: params.maxFutureSeconds,
      anchor: () => chain.tip(),
    });
    this.blocks = new BlockSync({ ...deps, tips: this.tips });
    this.progress = new SyncProgress({ ...deps, tips: this.tips, headers: this.headers, blocks: this.blocks });
  }

  start(): void {
    this.#life.add(this.#chain.events.on('tip', ({ entry }) => this.progress.observe(entry.height)));
    this.headers.start();
    this.#life.add(() => this.headers.close());
    this.blocks.start();
    this.#life.add(() => this.blocks.close());
    this.tips.start();
    this.#life.add(() => this.tips.close());
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** A peer passed hello. */
  onReady(peer: PeerView): void {
    this.tips.add(peer);
  }

  onGone(peer: PeerKey): void {
    this.tips.remove(peer);
  }
}
