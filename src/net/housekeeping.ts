import type { Connection, Libp2p, PeerId } from '@libp2p/interface';
import type { Logger, Timers } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';
import { withPeerId } from './address.ts';
import type { Anchors } from './anchors.ts';
import type { GossipRouter } from './gossipRouter.ts';
import { SCORE_THRESHOLDS } from './gossipScoring.ts';
import { GossipWatch } from './gossipWatch.ts';
import type { Peer, PeerTable } from './peers.ts';
import { type RoutingTable, RoutingWatch } from './routingWatch.ts';

export interface HousekeepingPorts {
  readonly node: Libp2p;
  readonly router: GossipRouter;
  /** The DHT's protocol and routing table; undefined without DHT. */
  readonly dht: { readonly protocol: string; readonly table: RoutingTable } | undefined;
  identify(connection: Connection): Promise<unknown>;
  /** Milliseconds. */
  ping(peer: PeerId, signal: AbortSignal): Promise<number>;
  readonly pingTimeoutMs: number;
  readonly timers: Timers;
  readonly peers: PeerTable;
  readonly anchors: Anchors;
  readonly logger: Logger;
  nowMs(): number;
  disconnect(peer: PeerKey, reason: string): void;
  /** Anchors changed enough to be written. */
  saveAnchors(): void;
  /** The DHT can ask this peer now. */
  onRouted(peer: Peer): void;
  /** Uniform in [0, 1). */
  unit(): number;
}

/** A younger connection may still be opening its gossip streams. */
const GOSSIP_GRACE_MS = 5_000;
/** A younger one may still be in identify and the DHT's first ping. */
const ROUTING_GRACE_MS = 2_000;
/** By then identify has told the peer's own addresses. */
const REMEMBER_AFTER_MS = 1_000;
/** Anchors are written when peers change, and for their time stamps this often. */
const SAVE_EVERY_MS = 300_000;

/** The regular look over all peers: pings, gossip streams, the DHT's routing table, gossip scores, addresses worth remembering. */
export class Housekeeping {
  readonly #ports: HousekeepingPorts;
  readonly #watch: GossipWatch;
  readonly #routing: RoutingWatch | undefined;
  #saved = '';
  #savedMs = 0;
  #running = false;

  constructor(ports: HousekeepingPorts) {
    this.#ports = ports;
    this.#watch = new GossipWatch({
      router: ports.router,
      speaksGossip: (peer) => this.#speaks(peer, ports.router.protocols),
      identify: (connection) => ports.identify(connection),
      close: (peer, reason) => ports.disconnect(peer.key, reason),
    });
    const { dht } = ports;
    this.#routing =
      dht &&
      new RoutingWatch({
        table: dht.table,
        servesDht: (peer) => this.#speaks(peer, [dht.protocol]),
        identify: (connection) => ports.identify(connection),
        nowMs: () => ports.nowMs(),
        unit: () => ports.unit(),
        onFound: (peer) => ports.onRouted(peer),
      });
  }

  /** A new peer is measured at once, and remembered early: a node killed soon after should still know somebody. */
  async welcome(peer: Peer): Promise<void> {
    const { ping, pingTimeoutMs, timers } = this.#ports;
    timers.after(REMEMBER_AFTER_MS, () => void this.rememberPeers().catch(() => undefined));
    try {
      peer.measured(await ping(peer.session.connection.remotePeer, AbortSignal.timeout(pingTimeoutMs)));
    } catch {
      // libp2p's connection monitor decides about peers that do not answer.
    }
  }

  async round(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const { peers, logger } = this.#ports;
    try {
      for (const peer of [...peers.values()])
        await this.#look(peer).catch((err: Error) => logger.debug({ peer: peer.key, err }, 'look at peer failed'));
      await this.rememberPeers();
    } catch (err) {
      logger.warn({ err }, 'housekeeping failed');
    } finally {
      this.#running = false;
    }
  }

  /** Puts the reachable addresses of all peers into the anchors, and has them written when they changed. */
  async rememberPeers(): Promise<void> {
    const { peers, anchors, nowMs } = this.#ports;
    for (const peer of [...peers.values()]) anchors.met(peer.key, await this.#addressesOf(peer), nowMs());
    const text = anchors
      .list()
      .map((a) => a.addresses.join())
      .sort()
      .join();
    if (text === this.#saved && nowMs() - this.#savedMs < SAVE_EVERY_MS) return;
    this.#saved = text;
    this.#savedMs = nowMs();
    this.#ports.saveAnchors();
  }

  /** Opens the gossip stream on another connection at once, rather than at the next round. */
  async switched(peer: Peer): Promise<void> {
    await this.#watch.check(peer);
  }

  async #look(peer: Peer): Promise<void> {
    const { router, nowMs, disconnect } = this.#ports;
    const { rtt } = peer.session.connection;
    if (rtt !== undefined) peer.measured(rtt);
    const ageMs = nowMs() - peer.connectedMs;
    if (ageMs > ROUTING_GRACE_MS) await this.#routing?.check(peer);
    if (ageMs > GOSSIP_GRACE_MS) await this.#watch.check(peer);
    const score = router.getScore(peer.key);
    if (score < SCORE_THRESHOLDS.graylistThreshold) disconnect(peer.key, `gossip score ${score.toFixed(0)}`);
  }

  /** Whether the peer speaks one of `wanted`; undefined when identify told us nothing yet. */
  async #speaks(peer: Peer, wanted: readonly string[]): Promise<boolean | undefined> {
    const stored = await this.#ports.node.peerStore.get(peer.session.connection.remotePeer).catch(() => undefined);
    const protocols = stored?.protocols ?? [];
    if (wanted.some((p) => protocols.includes(p))) return true;
    // Identify names its own protocol too: without it, what the store has is only what was negotiated.
    return protocols.includes('/ipfs/id/1.0.0') ? false : undefined;
  }

  async #addressesOf(peer: Peer): Promise<string[]> {
    const { connection } = peer.session;
    const dialled = peer.inbound ? [] : [connection.remoteAddr.toString()];
    const stored = await this.#ports.node.peerStore.get(connection.remotePeer).catch(() => undefined);
    const told = stored?.addresses.map((a) => withPeerId(a.multiaddr, peer.key).toString()) ?? [];
    return [...new Set([...dialled, ...told])];
  }
}
