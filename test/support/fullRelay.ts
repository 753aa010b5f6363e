import type { Chain } from '../../src/chain/chain.ts';
import type { HeaderEntry } from '../../src/chain/entry.ts';
import type { Mempool } from '../../src/mempool/pool.ts';
import { Announcer } from '../../src/relay/announce.ts';
import { Heard } from '../../src/relay/heard.ts';
import { MempoolSync } from '../../src/relay/mempoolSync.ts';
import { onBlock } from '../../src/relay/onBlock.ts';
import { onHeader } from '../../src/relay/onHeader.ts';
import { onTx } from '../../src/relay/onTx.ts';
import { OrphanTxs } from '../../src/relay/orphanTxs.ts';
import type { GossipHandler, HeaderHelp, PeerKnowledge, PublishPort } from '../../src/relay/ports.ts';
import { RejectedTxs } from '../../src/relay/rejectedTxs.ts';
import type { RequestHandler } from '../../src/relay/serve/dispatch.ts';
import { serveLight } from '../../src/relay/serveLight.ts';
import { serveSync } from '../../src/relay/serveSync.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import type { Logger, Random, Timers } from '../../src/util/ports.ts';
import type { PeerPorts, PeerView } from '../../src/wire/messages/ask.ts';
import type { PeerStatus } from '../../src/wire/messages/status.ts';

export interface RelayDeps {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly net: PeerPorts & { readonly publish: PublishPort };
  /** sync's HeaderSync. */
  readonly headers: HeaderHelp;
  /** sync's PeerTips. */
  readonly tips: PeerKnowledge & { pollAll(): void };
  /** sync's BlockSync. */
  readonly blocks: { expectGossip(entry: HeaderEntry): void; isCatchingUp(entry: HeaderEntry): boolean };
  /** Own SERVICES bits. */
  readonly services: number;
  readonly status: () => PeerStatus;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Our own failure (disk, bug): the app stops the node. */
  readonly fail: (error: unknown) => void;
}

/** Everything a full node passes on and answers, put together as the app does it. */
export class Relay {
  readonly gossip: { readonly tx: GossipHandler; readonly block: GossipHandler; readonly header: GossipHandler };
  readonly serve: { readonly sync: RequestHandler; readonly light: RequestHandler };
  readonly announcer: Announcer;
  readonly #deps: RelayDeps;
  readonly #rejected = new RejectedTxs();
  readonly #orphans: OrphanTxs;
  readonly #pools: MempoolSync;
  readonly #life = new Lifetime();

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    const { chain, net, headers, tips, blocks } = deps;
    const parts = { ...deps, heard: new Heard(), rejected: this.#rejected };
    this.#orphans = new OrphanTxs(deps);
    this.#pools = new MempoolSync(parts);
    this.announcer = new Announcer({
      ...parts,
      publish: (topic, data) => net.publish(topic, data),
      tellTip: () => tips.pollAll(),
      isCatchingUp: (entry) => blocks.isCatchingUp(entry),
    });
    this.gossip = {
      tx: onTx({ ...parts, orphans: this.#orphans }),
      block: onBlock(parts),
      header: onHeader({ chain, net, headers, tips, expectBody: (entry) => blocks.expectGossip(entry) }),
    };
    const serving = { ...deps, services: () => deps.services };
    this.serve = { sync: serveSync(serving), light: serveLight(serving) };
  }

  start(): void {
    this.#orphans.start();
    this.#life.add(() => this.#orphans.close());
    this.#pools.start();
    this.#life.add(() => this.#pools.close());
    this.announcer.start();
    this.#life.add(() => this.announcer.close());
    this.#life.add(this.#deps.chain.events.on('tip', () => this.#rejected.clear()));
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** A peer passed hello. */
  onReady(peer: PeerView): void {
    this.#pools.onReady(peer);
    this.announcer.retry();
  }
}
