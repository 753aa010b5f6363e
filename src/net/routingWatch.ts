import type { Connection, PeerId } from '@libp2p/interface';
import { Backoff } from './backoff.ts';
import type { Peer } from './peers.ts';

/**
 * The DHT's routing table: peers it asks and names to others. `find` is beyond kad-dht's public interface; it is pinned by
 * the exact version in package.json and by test/net/discovery.
 */
export interface RoutingTable {
  readonly size: number;
  /** Undefined when the peer is not in it. */
  find(peer: PeerId): Promise<PeerId | undefined>;
}

export interface RoutingWatchPorts {
  readonly table: RoutingTable;
  /** Whether the peer said in identify that it serves the DHT; undefined when identify told us nothing. */
  servesDht(peer: Peer): Promise<boolean | undefined>;
  /** Asks the peer again which protocols it speaks; the DHT then pings it and takes it in. */
  identify(connection: Connection): Promise<unknown>;
  nowMs(): number;
  /** Uniform in [0, 1). */
  unit(): number;
  /** A peer that was missing is in the table. */
  onFound(peer: Peer): void;
}

/** A table with so many (k of Kademlia) finds the rest by itself, and may have good reasons to leave others out. */
const ENOUGH = 20;
const MAX_WAIT_MS = 30_000;

/**
 * The DHT hears of a connected peer once, when identify succeeds, and pings it once: whatever goes wrong then leaves the
 * peer out of the routing table for as long as the connection lives. A node whose table is empty finds nobody, and nobody
 * finds the others through it. Each round asks those that are missing again.
 */
export class RoutingWatch {
  readonly #ports: RoutingWatchPorts;
  readonly #backoff: Backoff;
  readonly #asked = new WeakSet<Peer>();

  constructor(ports: RoutingWatchPorts) {
    this.#ports = ports;
    this.#backoff = new Backoff(() => ports.unit());
  }

  async check(peer: Peer): Promise<void> {
    const { table, servesDht, identify, nowMs, onFound } = this.#ports;
    const { key } = peer;
    const { connection } = peer.session;
    if ((await table.find(connection.remotePeer)) !== undefined) {
      this.#backoff.succeeded(key);
      if (this.#asked.delete(peer)) onFound(peer);
      return;
    }
    if (table.size >= ENOUGH || !this.#backoff.due(key, nowMs())) return;
    if ((await servesDht(peer)) === false || connection.status !== 'open') return;
    this.#backoff.failed(key, nowMs(), MAX_WAIT_MS);
    this.#asked.add(peer);
    identify(connection).catch(() => undefined); // not awaited: a silent peer must not hold up the look at the others
  }
}
