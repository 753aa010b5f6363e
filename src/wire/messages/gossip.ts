import { type Block, decodeSealedBlock } from '../../primitives/block.ts';
import {
  HEADER_SIZE,
  MAX_SEAL,
  readSealedHeader,
  type SealedHeader,
  writeSealedHeader,
} from '../../primitives/header.ts';
import { broken, type Check, passed } from '../../primitives/rules.ts';
import { decodeTx, type Tx } from '../../primitives/tx.ts';
import { DecodeError, decodeAll } from '../../util/codec.ts';
import { written } from './fields.ts';
import { MAX_GOSSIP_BLOCK, MAX_GOSSIP_TX } from './types.ts';

/** header80, CompactSize of the seal's length, seal. */
export const MAX_GOSSIP_HEADER = HEADER_SIZE + 3 + MAX_SEAL;

/** Topic `tx`: the raw transaction. The bytes are copied: the pool outlives the message. Rules: too-large, malformed. */
export function readGossipTx(data: Uint8Array): Check<Tx> {
  return bounded(data, MAX_GOSSIP_TX, (bytes) => decodeTx(bytes.slice()));
}

/** Topic `block`: the sealed block. Rules: too-large, malformed. */
export function readGossipBlock(data: Uint8Array): Check<Block> {
  return bounded(data, MAX_GOSSIP_BLOCK, (bytes) => decodeSealedBlock(bytes.slice()));
}

/** Topic `header`: the sealed header. Rules: too-large, malformed. */
export function readGossipHeader(data: Uint8Array): Check<SealedHeader> {
  return bounded(data, MAX_GOSSIP_HEADER, (bytes) => decodeAll(bytes, readSealedHeader, 'sealed header'));
}

/** Bytes for topic `header`. */
export function encodeSealedHeader(sealed: SealedHeader): Uint8Array {
  return written(HEADER_SIZE + 5 + sealed.seal.length, (w) => writeSealedHeader(w, sealed));
}

function bounded<T>(data: Uint8Array, max: number, decode: (bytes: Uint8Array) => T): Check<T> {
  if (data.length > max) return broken('too-large', `${data.length} bytes, at most ${max}`);
  try {
    return passed(decode(data));
  } catch (error) {
    if (error instanceof DecodeError) return broken('malformed', error.message);
    throw error;
  }
}
