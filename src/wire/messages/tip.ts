import { type Hash256, ZERO_HASH } from '../../primitives/hash.ts';
import { decodeAll } from '../../util/codec.ts';
import { readU256, writeU256, written } from './fields.ts';

/** What a node says of its best chain. */
export interface Tip {
  readonly height: number;
  readonly hash: Hash256;
  readonly chainWork: bigint;
  /** Epoch and hash of the last finalized checkpoint; 0 and zeros where no finality gadget runs. */
  readonly finalizedEpoch: number;
  readonly finalizedHash: Hash256;
  /** SERVICES bits. */
  readonly services: number;
}

const TIP_SIZE = 4 + 32 + 32 + 4 + 32 + 4;

/** A tip of a network without finality. */
export function plainTip(height: number, hash: Hash256, chainWork: bigint, services: number): Tip {
  return { height, hash, chainWork, finalizedEpoch: 0, finalizedHash: ZERO_HASH, services };
}

/** `height u32, hash32, chainwork32, finEpoch u32, finHash32, services u32` (protocol A.3, type 01). */
export function encodeTip(tip: Tip): Uint8Array {
  return written(TIP_SIZE, (w) => {
    w.u32(tip.height).put(tip.hash);
    writeU256(w, tip.chainWork);
    w.u32(tip.finalizedEpoch).put(tip.finalizedHash).u32(tip.services);
  });
}

/** Throws DecodeError. */
export function decodeTip(bytes: Uint8Array): Tip {
  return decodeAll(
    bytes,
    (r) => ({
      height: r.u32('tip height'),
      hash: r.take(32, 'tip hash').slice(),
      chainWork: readU256(r, 'tip work'),
      finalizedEpoch: r.u32('finalized epoch'),
      finalizedHash: r.take(32, 'finalized hash').slice(),
      services: r.u32('services'),
    }),
    'TIP',
  );
}

/**
 * A TIP request may carry the asker's own tip: a node that got a new tip by catching up tells its neighbours so, because
 * gossip does not repeat a message its neighbours have seen but could not judge yet.
 */
export function encodeTipRequest(own: Tip | undefined): Uint8Array {
  return own === undefined ? new Uint8Array(0) : encodeTip(own);
}

/** Throws DecodeError. */
export function decodeTipRequest(bytes: Uint8Array): Tip | undefined {
  return bytes.length === 0 ? undefined : decodeTip(bytes);
}
