import type { Hash256 } from '../primitives/hash.ts';

/** A peer as the drivers name it: its libp2p peer id as text. */
export type PeerKey = string;

/** What a node offers, as a bit set in hello. */
export const SERVICES = {
  /** Serves headers and (unpruned) blocks over the sync protocol. */
  NETWORK: 1,
  /** Serves the light protocol. */
  LIGHT_SERVER: 2,
  /** Relays transactions and blocks over gossip. */
  RELAY: 4,
  /** Serves all headers, and of blocks at least the last 288 (BIP159): a pruned node. */
  NETWORK_LIMITED: 8,
} as const;

/** First message on a connection, both ways (protocol §1.1). */
export interface Hello {
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly chainId: Hash256;
  /** Network group: nodes of another group are refused. */
  readonly group: string;
  readonly role: string;
  readonly services: number;
  readonly userAgent: string;
  readonly height: number;
  readonly bestHash: Hash256;
  readonly chainWork: bigint;
  /** Sender's clock, Unix milliseconds: only for warnings. */
  readonly timeMs: number;
}

/** Why a hello was refused, as sent to the other side. */
export type Refusal =
  | 'wrong-chain'
  | 'wrong-group'
  | 'wrong-version'
  | 'self'
  | 'too-many-peers'
  | 'banned'
  | 'malformed';

export type TopicName = 'tx' | 'block' | 'header';
export type StreamName = 'sync' | 'light';
export type GossipVerdict = 'accept' | 'ignore' | 'reject';

/** One request or answer on a stream: a type byte and its payload. The frame and request id are net's business. */
export interface WireMessage {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Error codes of the answer type 0xff. */
export const WIRE_ERRORS = {
  UNKNOWN_STOP: 1,
  NOT_SERVED: 2,
  RATE: 3,
  BAD_REQUEST: 4,
  PRUNED: 5,
  BUSY: 6,
  NOT_FOUND: 7,
} as const;
export type WireErrorCode = (typeof WIRE_ERRORS)[keyof typeof WIRE_ERRORS];

/** A peer answered with an error, or not at all. `code` is undefined for time-outs and lost connections. */
export class PeerRequestError extends Error {
  override readonly name = 'PeerRequestError';
  readonly peer: PeerKey;
  readonly reason: 'answer' | 'timeout' | 'disconnected' | 'malformed' | 'busy';
  readonly code: WireErrorCode | undefined;

  constructor(peer: PeerKey, reason: PeerRequestError['reason'], message: string, code?: WireErrorCode) {
    super(message);
    this.peer = peer;
    this.reason = reason;
    this.code = code;
  }
}

/** Thrown by a request handler to answer with an error. */
export class WireRefusal extends Error {
  override readonly name = 'WireRefusal';
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, text: string) {
    super(text);
    this.code = code;
  }
}
