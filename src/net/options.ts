import type { PrivateKey } from '@libp2p/interface';
import type { Platform } from '../platform/platform.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { Logger } from '../util/ports.ts';
import type { Hello } from '../wire/peer.ts';

/** Times in milliseconds and rates; every field has a reason beside its default. */
export interface NetworkLimits {
  /** From connection to finished hello; libp2p itself has no such limit. */
  readonly helloTimeoutMs: number;
  /** For an answer, when the caller names none. */
  readonly requestTimeoutMs: number;
  /** For the rest of a frame whose first byte has come, and for one frame to leave: 4 MiB need 70 kB/s. */
  readonly frameTimeoutMs: number;
  /** Gossip verdicts later than this find the message gone from gossipsub's cache (measured: 7 s is too late). */
  readonly gossipVerdictMs: number;
  /** Requests a peer may send per second on average, and at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Bytes answered to a peer per second on average, and at once. */
  readonly answerBytesPerSecond: number;
  readonly answerBurstBytes: number;
  /** Requests of one peer worked on at the same time. */
  readonly concurrentPerPeer: number;
  /** Answers held in memory while slow readers take them, over all peers. */
  readonly answerMemoryBytes: number;
  /** How often peers are looked over: gossip streams, scores, pings. */
  readonly housekeepingMs: number;
  /** How often the dialler looks for work. */
  readonly dialTickMs: number;
  /** Longest wait between two tries of a peer or seed that was good before. */
  readonly redialMs: number;
  /** A refused peer or one with a low gossip score is not dialled again for so long. */
  readonly refusedBackoffMs: number;
  /** libp2p's own liveness ping; lenient, a stall of ours must not cost connections. */
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

export const DEFAULT_LIMITS: NetworkLimits = {
  helloTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  frameTimeoutMs: 60_000,
  gossipVerdictMs: 5_000,
  requestsPerSecond: 1_000,
  requestBurst: 4_000,
  answerBytesPerSecond: 16 * 1024 * 1024,
  answerBurstBytes: 64 * 1024 * 1024,
  concurrentPerPeer: 8,
  answerMemoryBytes: 64 * 1024 * 1024,
  housekeepingMs: 5_000,
  dialTickMs: 1_000,
  redialMs: 60_000,
  refusedBackoffMs: 3_600_000,
  pingIntervalMs: 15_000,
  pingTimeoutMs: 30_000,
};

/** Few nodes, started and stopped by people who watch: they find each other again sooner. */
export const DEVELOPMENT_LIMITS: Partial<NetworkLimits> = { redialMs: 10_000 };

export interface NetworkOptions {
  /** Of params/network.ts: names every protocol, and decides how strict limits per IP are. */
  readonly chain: { readonly chainId: Hash256; readonly id16: string; readonly development: boolean };
  /** Network group: peers of another are refused. Printable ASCII, at most 256 bytes. */
  readonly group: string;
  readonly role: string;
  /** SERVICES of wire/peer.ts, until setHello gives others. */
  readonly services: number;
  readonly userAgent: string;
  readonly best: Pick<Hello, 'height' | 'bestHash' | 'chainWork'>;
  /** Holds peers/ (LevelDB), peers.json and bans.json. */
  readonly dataDir: string;
  /** From loadKey of keyFile.node.ts. */
  readonly privateKey: PrivateKey;
  /** Multiaddrs to listen on; none: dial only. */
  readonly listen: readonly string[];
  /** Multiaddrs told to others instead of the ones listened on. */
  readonly announce?: readonly string[];
  /** Multiaddrs (with /p2p/) or host:port. */
  readonly seeds: readonly string[];
  /** Addresses to stay connected to from the start, as addManual. */
  readonly manual?: readonly string[];
  /** Outbound connections to keep up. Default 8. */
  readonly targetOutbound?: number;
  /** Default 64. */
  readonly maxPeers?: number;
  /** Inbound connections from one IPv4 address or IPv6 /64. Default 8, on development networks 80; none on loopback. */
  readonly maxPerIp?: number;
  /** How long misbehaviour bans. Default 24 hours. */
  readonly banSeconds?: number;
  /** Find peers on the local network. Default off. */
  readonly mdns?: boolean;
  /** Take part in the DHT of the chain, to find peers and to be found. Default on. */
  readonly dht?: boolean;
  /** Private addresses are worth telling others. Default: on development networks. */
  readonly lan?: boolean;
  /** Seconds between blocks: what gossip scores expect. Default 15. */
  readonly blockSeconds?: number;
  readonly logger: Logger;
  readonly platform: Platform;
  readonly limits?: Partial<NetworkLimits>;
}

/** A listen address is taken by another process (or another node on this machine). */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
  /** The multiaddr as configured. */
  readonly address: string;

  constructor(address: string, options?: ErrorOptions) {
    super(`${address} is in use by another process`, options);
    this.address = address;
  }
}
