import type { RuleCode } from '../primitives/rules.ts';
import type { Emitter } from '../util/events.ts';
import type { GossipVerdict, Hello, PeerKey, Refusal, StreamName, TopicName, WireMessage } from '../wire/peer.ts';

/** A connected peer that passed hello. */
export interface PeerInfo {
  readonly key: PeerKey;
  /** Small number for RPC, unique in this run. */
  readonly id: number;
  /** Multiaddr of the connection. */
  readonly address: string;
  readonly localAddress: string | undefined;
  readonly inbound: boolean;
  readonly hello: Hello;
  /** Unix milliseconds. */
  readonly connectedMs: number;
  readonly lastSendMs: number;
  readonly lastRecvMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Milliseconds; undefined before the first ping. */
  readonly pingMs: number | undefined;
  readonly minPingMs: number | undefined;
  /** Misbehaviour points; 100 bans. */
  readonly score: number;
  /** Asked for by addnode or seeds. */
  readonly manual: boolean;
  /** Peer's clock minus ours at hello, milliseconds. */
  readonly clockOffsetMs: number;
}

export interface NetworkEvents {
  /** Hello was exchanged: requests may be sent. */
  ready: { readonly peer: PeerInfo };
  gone: { readonly peer: PeerKey; readonly reason: string };
  /** A connection was refused at hello, by us or by them. */
  refused: {
    readonly address: string;
    readonly peer: PeerKey | undefined;
    readonly refusal: Refusal;
    readonly detail: string;
  };
  banned: { readonly peer: PeerKey; readonly reason: string };
}

/** What of our hello changes while the node runs. */
export type HelloChange = Pick<Hello, 'height' | 'bestHash' | 'chainWork'> & Partial<Pick<Hello, 'services'>>;

export interface BanEntry {
  /** Peer id or IP address. */
  readonly target: string;
  readonly createdMs: number;
  readonly untilMs: number;
  readonly reason: string;
}

/**
 * The network as the rest of the node sees it. Every argument and result is structured-cloneable data (handlers apart),
 * so that libp2p may live on another thread.
 */
export interface Network {
  readonly events: Emitter<NetworkEvents>;
  /** Own peer id. */
  readonly key: PeerKey;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Own multiaddrs with /p2p/. */
  addresses(): readonly string[];
  peers(): readonly PeerInfo[];
  /** What our hello says from now on. */
  setHello(part: HelloChange): void;
  /**
   * Publishes on a topic. Returns the number of peers it was sent to; 0 when nobody subscribed yet (callers announce again
   * when a peer becomes ready). Data above 1 MiB throws.
   */
  publish(topic: TopicName, data: Uint8Array): Promise<number>;
  /** Judges what arrives on a topic; must answer within 5 s. One handler per topic; topics without one are not subscribed. */
  onGossip(topic: TopicName, handler: (from: PeerKey, data: Uint8Array) => Promise<GossipVerdict>): void;
  /** Sends a request and resolves with the answer; throws PeerRequestError. */
  request(
    peer: PeerKey,
    stream: StreamName,
    message: WireMessage,
    options?: { readonly timeoutMs?: number },
  ): Promise<WireMessage>;
  /** Answers requests on a stream; a WireRefusal becomes an error answer, any other throw answers BUSY and is logged. */
  serve(stream: StreamName, handler: (from: PeerKey, message: WireMessage) => Promise<WireMessage>): void;
  /** Adds the rule's penalty to the peer's score; at 100 the peer is banned and disconnected. */
  penalize(peer: PeerKey, rule: RuleCode, detail: string): void;
  /** Dials now (multiaddr with /p2p/ or host:port); throws with the reason. */
  connect(address: string): Promise<PeerKey>;
  /** Keeps trying to stay connected to it. */
  addManual(address: string): void;
  removeManual(address: string): boolean;
  manual(): readonly { readonly address: string; readonly connected: boolean }[];
  disconnect(peer: PeerKey, reason: string): Promise<boolean>;
  ban(target: string, seconds: number, reason: string): Promise<void>;
  unban(target: string): Promise<boolean>;
  bans(): readonly BanEntry[];
  /** Totals since start. */
  totals(): { readonly bytesSent: number; readonly bytesReceived: number };
}
