import type { Libp2p, Stream } from '@libp2p/interface';
import type { Platform } from '../platform/platform.ts';
import type { PeerKey } from '../wire/peer.ts';
import { withPeerId } from './address.ts';
import type { Connections } from './connections.ts';
import type { Target } from './dialler.ts';
import type { PeerTable } from './peers.ts';

const DIAL_TIMEOUT_MS = 15_000;
const WALK_TIMEOUT_MS = 5_000;
const WALK_PEERS = 20;

export interface ReachPorts {
  /** Undefined while the network is not running. */
  node(): Libp2p | undefined;
  readonly connections: Connections;
  readonly peers: PeerTable;
  readonly platform: Platform;
}

/** Towards the world: dialling, opening streams, asking the peer store, walking the DHT. */
export class Reach {
  readonly #ports: ReachPorts;
  #walking: AbortController | undefined;

  constructor(ports: ReachPorts) {
    this.#ports = ports;
  }

  /** Dials and waits for hello; rejects with one line of why not. */
  async dial({ key, addresses }: Target): Promise<PeerKey> {
    const node = this.#ports.node();
    if (node === undefined) throw new Error('network is not running');
    const targets = key === undefined ? [...addresses] : addresses.map((a) => withPeerId(a, key));
    const connection = await node.dial(targets, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) }).catch(rethrowDial);
    await this.#ports.connections.ready(connection);
    return connection.remotePeer.toString();
  }

  /** A new stream to a peer that passed hello. */
  async open(peer: PeerKey, protocol: string, timeoutMs: number): Promise<Stream> {
    const session = this.#ports.peers.get(peer)?.session;
    if (session === undefined) throw new Error('not connected');
    return session.connection.newStream(protocol, { signal: AbortSignal.timeout(timeoutMs) });
  }

  /** Everything in libp2p's peer store. */
  async known(): Promise<Target[]> {
    const peers = (await this.#ports.node()?.peerStore.all()) ?? [];
    return peers.map((p) => ({ key: p.id.toString(), addresses: p.addresses.map((a) => a.multiaddr) }));
  }

  /** One walk towards a random key. Whom it meets, the DHT puts into the peer store. */
  async walk(): Promise<void> {
    const node = this.#ports.node();
    if (node === undefined) return;
    const { timers, random } = this.#ports.platform;
    const stop = new AbortController();
    this.#walking = stop;
    const cancel = timers.after(WALK_TIMEOUT_MS, () => stop.abort());
    try {
      let met = 0;
      for await (const _ of node.peerRouting.getClosestPeers(random.bytes(32), { signal: stop.signal }))
        if (++met >= WALK_PEERS) break;
    } finally {
      cancel();
    }
  }

  /** An unfinished walk would hold up libp2p's stop. */
  stop(): void {
    this.#walking?.abort();
  }
}

/** libp2p wraps the failures of every address. */
function rethrowDial(error: unknown): never {
  const errors = error instanceof AggregateError ? error.errors : [error];
  throw new Error([...new Set(errors.map((e) => (e as Error).message))].join('; '), { cause: error });
}
