import { type Hash256, isZeroHash, ZERO_HASH } from '../../primitives/hash.ts';
import { HEADER_SIZE } from '../../primitives/header.ts';
import { readTx, type Tx } from '../../primitives/tx.ts';
import { decodeAll, type Reader } from '../../util/codec.ts';
import { written } from './fields.ts';

/** Most transactions a block can hold (4,000,000 weight / 4 / 60 bytes, BIP37 as in Bitcoin Core): bounds the proof. */
const MAX_BLOCK_TXS = 16_667;

export interface TxProofRequest {
  readonly txid: Hash256;
  /** undefined: the server looks for the block itself, if it can. */
  readonly block: Hash256 | undefined;
}

export interface TxProof {
  /** BIP37 CMerkleBlock bytes (header, count, hashes, flags): what gettxoutproof gives. */
  readonly proof: Uint8Array;
  readonly tx: Tx;
}

/** `txid32, blockHash32 or zeros` (protocol A.3, type 07). */
export function encodeTxProofRequest(request: TxProofRequest): Uint8Array {
  return written(64, (w) => {
    w.put(request.txid).put(request.block ?? ZERO_HASH);
  });
}

/** Throws DecodeError. */
export function decodeTxProofRequest(bytes: Uint8Array): TxProofRequest {
  return decodeAll(
    bytes,
    (r) => {
      const txid = r.take(32, 'txid').slice();
      const block = r.take(32, 'block hash').slice();
      return { txid, block: isZeroHash(block) ? undefined : block };
    },
    'TXPROOF request',
  );
}

/** CMerkleBlock bytes, then the raw transaction. */
export function encodeTxProof(proof: Uint8Array, tx: Tx): Uint8Array {
  return written(proof.length + tx.size, (w) => {
    w.put(proof).put(tx.bytes);
  });
}

/** Splits the answer; the proof is not judged here. Throws DecodeError. */
export function decodeTxProof(bytes: Uint8Array): TxProof {
  return decodeAll(
    bytes,
    (r) => {
      const proof = takeMerkleBlock(r);
      return { proof, tx: readTx(r) };
    },
    'TXPROOF',
  );
}

function takeMerkleBlock(r: Reader): Uint8Array {
  const start = r.offset;
  r.take(HEADER_SIZE, 'proof header');
  r.u32('proof transaction count');
  r.take(r.count(32, MAX_BLOCK_TXS, 'proof hashes') * 32, 'proof hashes');
  r.varBytes(MAX_BLOCK_TXS, 'proof flags');
  return r.bytes.subarray(start, r.offset);
}
