import { hash256 } from '../crypto/hash.ts';
import { concatBytes } from '../util/bytes.ts';
import type { Hash256 } from './hash.ts';
import { witnessMerkleRoot } from './merkle.ts';
import { OP_RETURN } from './outputScript.ts';
import type { Tx } from './tx.ts';

/** BIP141's reserved value: without meaning so far, zero by custom. */
export const WITNESS_RESERVED_VALUE: Uint8Array = new Uint8Array(32);

/** BIP141: OP_RETURN, push of 36 bytes, aa21a9ed. */
const HEADER = Uint8Array.of(OP_RETURN, 0x24, 0xaa, 0x21, 0xa9, 0xed);
const COMMITMENT_SIZE = HEADER.length + 32;

/** BIP141: hash of the witness root and the coinbase's reserved value, 32 bytes each. */
export function witnessCommitmentHash(witnessRoot: Hash256, reserved: Uint8Array): Hash256 {
  return hash256(concatBytes(witnessRoot, reserved));
}

/** Output script that commits to the witnesses of `txs` (the coinbase counts as zero). */
export function witnessCommitmentScript(txs: readonly Tx[], reserved: Uint8Array): Uint8Array {
  return concatBytes(HEADER, witnessCommitmentHash(witnessMerkleRoot(txs).root, reserved));
}

/** Index of the coinbase output that commits to witnesses: the last that matches (BIP141); -1 when none does. */
export function witnessCommitmentIndex(coinbase: Tx): number {
  return coinbase.outputs.findLastIndex(({ scriptPubKey }) => {
    return scriptPubKey.length >= COMMITMENT_SIZE && HEADER.every((byte, i) => scriptPubKey[i] === byte);
  });
}

/** The 32 committed bytes of a matching output script. */
export function committedWitnessHash(scriptPubKey: Uint8Array): Uint8Array {
  return scriptPubKey.subarray(HEADER.length, COMMITMENT_SIZE);
}
