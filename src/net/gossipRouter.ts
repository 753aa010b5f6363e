import type { GossipSub } from '@libp2p/gossipsub';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import type { GossipVerdict, PeerKey } from '../wire/peer.ts';

interface StreamJob {
  readonly peerId: PeerId;
  readonly connection: Connection;
}

/**
 * What gossipsub 17.1 has beyond its public interface. The class is not exported; everything here is pinned by the exact
 * version in package.json and by test/net/gossip.
 */
export interface GossipRouter extends GossipSub {
  reportMessageValidationResult(id: string, source: PeerKey, verdict: GossipVerdict): void;
  getScore(peer: PeerKey): number;
  getMeshPeers(topic: string): string[];
  readonly peers: ReadonlyMap<PeerKey, PeerId>;
  readonly streamsInbound: ReadonlyMap<PeerKey, unknown>;
  readonly streamsOutbound: ReadonlyMap<PeerKey, unknown>;
  readonly seenCache: { readonly entries: Map<string, unknown> };
  readonly score: {
    readonly deliveryRecords: {
      readonly records: Map<string, unknown>;
      readonly queue: { readonly length: number; shift(): { readonly msgId: string } | undefined };
    };
  };
  outboundInflightQueue: { push(job: StreamJob): void; end(): void };
  onIncomingStream(stream: Stream, connection: Connection): unknown;
  onPeerConnected(peerId: PeerId, connection: Connection): void;
  createOutboundStream(peerId: PeerId, connection: Connection): Promise<void>;
}

/**
 * Before start: no gossip with a peer until it passed hello, in either direction. Otherwise two development networks of
 * the same chain would exchange blocks in the moments before hello tells them apart.
 */
export function gateOnHello(router: GossipRouter, ready: (connection: Connection) => Promise<unknown>): void {
  const { onIncomingStream, onPeerConnected } = router;
  router.onIncomingStream = async (stream, connection) => {
    await ready(connection); // rejects: libp2p resets the stream
    onIncomingStream.call(router, stream, connection);
  };
  router.onPeerConnected = (peerId, connection) => {
    ready(connection).then(
      () => onPeerConnected.call(router, peerId, connection),
      () => undefined,
    );
  };
}

/**
 * After start: opens gossip streams side by side. The library opens them one after another, so that one peer which stalls
 * the negotiation keeps all others waiting (10 s each).
 */
export function openStreamsInParallel(router: GossipRouter): void {
  const busy = new Set<PeerKey>();
  router.outboundInflightQueue.end();
  router.outboundInflightQueue = {
    end: () => undefined,
    push: ({ peerId, connection }) => {
      const key = peerId.toString();
      if (busy.has(key)) return;
      busy.add(key);
      router.createOutboundStream(peerId, connection).finally(() => busy.delete(key));
    },
  };
}

/**
 * Opens what is missing towards a peer: the library never does so again after a gossip stream was lost while the
 * connection lives, or when identify failed.
 */
export function ensureStream(router: GossipRouter, connection: Connection): void {
  const key = connection.remotePeer.toString();
  if (!router.peers.has(key)) router.onPeerConnected(connection.remotePeer, connection);
  else if (!router.streamsOutbound.has(key))
    router.outboundInflightQueue.push({ peerId: connection.remotePeer, connection });
}

/** Lets a message be published again that went to nobody: the library has marked it as seen all the same. */
export function forgetMessage(router: GossipRouter, id: string): void {
  router.seenCache.entries.delete(id);
}

/** Messages remembered to know duplicates by, at about 300 bytes: ten minutes of 300 per second. */
const MAX_SEEN = 200_000;
/** Messages whose deliverers are remembered to be scored, at about 500 bytes: two minutes of 800 per second. */
const MAX_RECORDS = 100_000;

/**
 * Lets the oldest memories go. The library drops them by age alone, so that a peer which sends small messages as fast as
 * it can would fill gigabytes within the ten minutes that it keeps them.
 */
export function boundMemory({ seenCache, score }: Pick<GossipRouter, 'seenCache' | 'score'>): void {
  for (const id of seenCache.entries.keys()) {
    if (seenCache.entries.size <= MAX_SEEN) break;
    seenCache.entries.delete(id);
  }
  const { records, queue } = score.deliveryRecords;
  while (queue.length > MAX_RECORDS) records.delete(queue.shift()?.msgId ?? '');
}
