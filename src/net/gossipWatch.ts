import type { Connection } from '@libp2p/interface';
import { ensureStream, type GossipRouter } from './gossipRouter.ts';
import type { Peer } from './peers.ts';

export interface GossipWatchPorts {
  readonly router: GossipRouter;
  /** Whether the peer said in identify that it speaks gossip; undefined when identify told us nothing. */
  speaksGossip(peer: Peer): Promise<boolean | undefined>;
  /** Asks the peer again which protocols it speaks. */
  identify(connection: Connection): Promise<unknown>;
  close(peer: Peer, reason: string): void;
}

/** Rounds without the peer's stream to us before the connection is given up; the dialler opens a new one. */
const MAX_MISSES = 3;

/**
 * A gossip stream that breaks while the connection lives is never opened again by the library: connected, but deaf. Each
 * round opens our own again, and closes connections whose other side does not do the same. Peers without gossip are let be.
 */
export class GossipWatch {
  readonly #ports: GossipWatchPorts;
  readonly #misses = new WeakMap<Peer, number>();

  constructor(ports: GossipWatchPorts) {
    this.#ports = ports;
  }

  async check(peer: Peer): Promise<void> {
    const { router } = this.#ports;
    const { connection } = peer.session;
    const deaf = !router.streamsInbound.has(peer.key);
    if (!deaf && router.peers.has(peer.key) && router.streamsOutbound.has(peer.key)) {
      this.#misses.delete(peer);
      return;
    }
    const speaks = await this.#ports.speaksGossip(peer);
    if (connection.status !== 'open' || speaks === false) return;
    if (speaks === undefined) {
      await this.#ports.identify(connection);
      return;
    }
    ensureStream(router, connection);
    if (!deaf) return;
    const misses = (this.#misses.get(peer) ?? 0) + 1;
    this.#misses.set(peer, misses);
    if (misses >= MAX_MISSES) this.#ports.close(peer, 'gossip stream lost');
  }
}
