import { type Hash256, isZeroHash, ZERO_HASH } from '../../primitives/hash.ts';
import { encodeMerkleBlock, type MerkleBlock, readMerkleBlock } from '../../primitives/partialMerkle.ts';
import { readTx, type Tx } from '../../primitives/tx.ts';
import { decodeAll } from '../../util/codec.ts';
import { written } from './fields.ts';

export interface TxProofRequest {
  readonly txid: Hash256;
  /** undefined: the server looks for the block itself, if it can. */
  readonly block: Hash256 | undefined;
}

export interface TxProof {
  /** What gettxoutproof gives. Not judged by the codec. */
  readonly proof: MerkleBlock;
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
export function encodeTxProof({ proof, tx }: TxProof): Uint8Array {
  return written(1024 + tx.size, (w) => {
    w.put(encodeMerkleBlock(proof)).put(tx.bytes);
  });
}

/** Throws DecodeError. */
export function decodeTxProof(bytes: Uint8Array): TxProof {
  return decodeAll(bytes, (r) => ({ proof: readMerkleBlock(r), tx: readTx(r) }), 'TXPROOF');
}
