import { MAX_STANDARD_TX_WEIGHT } from '../../primitives/limits.ts';

/** Message types of the streams `sync` and `light` (protocol A.3); answers carry the type with frame.ts's ANSWER_BIT set. */
export const MESSAGE = {
  TIP: 0x01,
  HEADERS: 0x02,
  BLOCK: 0x06,
  TXPROOF: 0x07,
  SENDTX: 0x0b,
  STATUS: 0x0c,
  /** Between full nodes only: wtxids of the pool. */
  MEMPOOL: 0x10,
  /** Between full nodes only: transactions by id. */
  TXS: 0x11,
} as const;
export type MessageType = (typeof MESSAGE)[keyof typeof MESSAGE];

/** 1 MiB: lists (headers, transactions) are cut here, so that one answer never holds a connection for long. */
export const MAX_LIST_BYTES = 1 << 20;
/** A gossiped transaction: the standard weight limit of 400,000 bounds its bytes too. */
export const MAX_GOSSIP_TX = MAX_STANDARD_TX_WEIGHT;
/** A gossiped block: larger ones are announced by header and fetched, gossip would copy them to every mesh peer. */
export const MAX_GOSSIP_BLOCK = 200_000;
