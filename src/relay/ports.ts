import type { HeaderEntry } from '../chain/entry.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { SealedHeader } from '../primitives/header.ts';
import type { GossipVerdict, PeerKey, TopicName } from '../wire/peer.ts';

/** Judges one gossip message (net's `onGossip`). */
export type GossipHandler = (from: PeerKey, data: Uint8Array) => Promise<GossipVerdict>;

/** Publishes on a topic and tells to how many peers it went (net's `publish`). */
export type PublishPort = (topic: TopicName, data: Uint8Array) => Promise<number>;

/** What the handlers need of the header sync (sync's HeaderSync fits). */
export interface HeaderHelp {
  /** Asks the peer for the headers we lack. */
  catchUp(peer: PeerKey): void;
  /** Keeps a header whose time has not come. */
  keepForLater(peer: PeerKey, sealed: SealedHeader): void;
  /** False for a header too cheap to be kept. */
  worthKeeping(parent: HeaderEntry, bits: number): boolean;
  /** False when the peer sends too many headers that are not the best. */
  chargeSideHeader(peer: PeerKey, entry: HeaderEntry): boolean;
  /** False when the peer gossips too much that leads nowhere: unknown parents, cheap or invalid branches. */
  chargeUseless(peer: PeerKey): boolean;
}

/** What the handlers tell of peers (sync's PeerTips fits). */
export interface PeerKnowledge {
  has(peer: PeerKey, entry: HeaderEntry): void;
  claim(
    peer: PeerKey,
    claim: {
      readonly height: number;
      readonly hash: Hash256;
      readonly chainWork: bigint;
      readonly services: number;
    },
  ): void;
}
