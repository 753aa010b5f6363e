import { noise } from '@chainsafe/libp2p-noise';
import { gossipsub } from '@libp2p/gossipsub';
import { identify, identifyPush } from '@libp2p/identify';
import type { Libp2p, PrivateKey } from '@libp2p/interface';
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import type { LevelDatastore } from 'datastore-level';
import { createLibp2p } from 'libp2p';
import { MAX_GOSSIP_BYTES } from '../wire/limits.ts';
import type { ProtocolIds } from '../wire/protocolIds.ts';
import { worthAnnouncing } from './address.ts';
import type { Gater } from './gater.ts';
import { gossipIdText, gossipMessageId } from './gossipId.node.ts';
import { SCORE_THRESHOLDS, scoreParams } from './gossipScoring.ts';
import { guardedWebSockets } from './guardedWebSockets.node.ts';
import type { NetworkLimits } from './options.ts';
import type { RoutingTable } from './routingWatch.ts';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

type Dht = KadDHT & { readonly routingTable: RoutingTable };

export interface StackOptions {
  readonly privateKey: PrivateKey;
  readonly datastore: LevelDatastore;
  readonly gater: Gater;
  readonly ids: ProtocolIds;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly userAgent: string;
  readonly maxPeers: number;
  readonly lan: boolean;
  readonly development: boolean;
  readonly mdns: boolean;
  readonly dht: boolean;
  readonly blockSeconds: number;
  readonly limits: NetworkLimits;
  /** Zero or below. */
  appSpecificScore(peer: string): number;
}

function gossip(o: StackOptions) {
  return gossipsub({
    globalSignaturePolicy: 'StrictNoSign', // blocks and transactions authenticate themselves
    allowedTopics: Object.values(o.ids.topics),
    msgIdFn: (message) => gossipMessageId(message.topic, message.data),
    msgIdToStrFn: gossipIdText,
    asyncValidation: true,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: false, // else the message counts as seen and can never be sent again
    floodPublish: false,
    batchPublish: true,
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dlazy: 6,
    mcacheLength: 10, // verdicts may take 5 s; the default of 5 heartbeats drops the message by then
    mcacheGossip: 3,
    seenTTL: 600_000,
    gossipsubIWantFollowupMs: 10_000,
    idontwantMinDataSize: 1024,
    // One RPC may carry several messages: the library sends up to 4 MiB at once.
    maxInboundDataLength: 4 * MAX_GOSSIP_BYTES + 64 * 1024,
    maxOutboundBufferSize: 8 * MIB, // unlimited by default: one slow peer would fill our memory
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
    decodeRpcLimits: {
      maxSubscriptions: 32,
      maxMessages: 512,
      maxIhaveMessageIDs: 2000,
      maxIwantMessageIDs: 2000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 16,
    },
    scoreThresholds: SCORE_THRESHOLDS,
    scoreParams: scoreParams({
      topics: o.ids.topics,
      blockSeconds: o.blockSeconds,
      sharedIps: o.development,
      appSpecificScore: o.appSpecificScore,
    }),
  });
}

/** The libp2p node, not started. Every number that is not libp2p's default has its reason in docs or beside it. */
export async function createStack(o: StackOptions): Promise<Libp2p<Services>> {
  const dhtService = kadDHT({
    protocol: o.ids.kad,
    clientMode: false, // the default serves only once a public address is known: never on a LAN
    peerInfoMapper: o.lan ? passthroughMapper : removePrivateAddressesMapper,
    querySelfInterval: 60_000,
    initialQuerySelfInterval: 500,
  });
  return createLibp2p({
    start: false,
    privateKey: o.privateKey,
    datastore: o.datastore,
    peerStore: { maxAddressAge: 30 * DAY_MS, maxPeerAge: 90 * DAY_MS }, // defaults forget peers within hours
    nodeInfo: { name: 'cairn', version: '1', userAgent: o.userAgent },
    addresses: {
      listen: [...o.listen],
      ...(o.announce.length > 0 ? { announce: [...o.announce] } : { announceFilter: worthAnnouncing }),
    },
    transports: [
      tcp({ backlog: 64, maxConnections: o.maxPeers + 48 }),
      guardedWebSockets({ maxSockets: o.maxPeers + 48, handshakeMs: o.limits.helloTimeoutMs }),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: 64,
        maxOutboundStreams: 64,
        streamOptions: {
          // The default grows to 16 MiB: on a slow line pings wait behind the data and the connection is given up.
          maxStreamWindowSize: MIB,
          maxReadBufferLength: 2 * MIB,
          maxWriteBufferLength: 16 * MIB,
        },
      }),
    ],
    connectionGater: o.gater,
    connectionManager: {
      // Above ours: newcomers get as far as hello, where they are told why, or somebody makes room.
      maxConnections: o.maxPeers + 32,
      maxParallelDials: 16,
      dialTimeout: 10_000,
      maxPeerAddrsToDial: 8,
      inboundUpgradeTimeout: 5_000,
      maxIncomingPendingConnections: 64,
      inboundConnectionThreshold: o.development ? 1000 : 20,
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: o.limits.pingIntervalMs,
      pingTimeout: { minTimeout: o.limits.pingTimeoutMs, maxTimeout: 2 * o.limits.pingTimeoutMs },
    },
    ...(o.mdns ? { peerDiscovery: [await mdnsDiscovery(o.ids.kad)] } : {}),
    services: {
      identify: identify({ maxInboundStreams: 4, maxOutboundStreams: 4 }), // asked again where the first time failed
      identifyPush: identifyPush(),
      // Ours, the DHT's and the connection monitor's pings meet, and one whose end the responder missed blocks its place for
      // 10 s. At the default of one at a time the DHT then drops the peer it wanted to verify, for good, and the monitor
      // gives the connection up.
      ping: ping({ maxInboundStreams: 16, maxOutboundStreams: 8 }),
      ...(o.dht ? { dht: dhtService as (components: Parameters<typeof dhtService>[0]) => Dht } : {}),
      pubsub: gossip(o),
    },
  });
}

/** Announces under a name of the chain: other chains on the same LAN are not even seen. */
async function mdnsDiscovery(kadProtocol: string) {
  const { mdns } = await import('@libp2p/mdns');
  const id16 = kadProtocol.split('/')[2] as string;
  return mdns({ serviceTag: `_cairn-${id16}._udp.local`, interval: 10_000 });
}

export interface Services extends Record<string, unknown> {
  identify: ReturnType<ReturnType<typeof identify>>;
  identifyPush: ReturnType<ReturnType<typeof identifyPush>>;
  ping: ReturnType<ReturnType<typeof ping>>;
  dht?: Dht;
  pubsub: ReturnType<ReturnType<typeof gossipsub>>;
}
