import assert from 'node:assert/strict';
import { hash160, sha256 } from '../../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../../src/crypto/secp.ts';
import { payToPubKeyHash, payToWitness } from '../../../src/primitives/outputScript.ts';
import type { Tx, TxIn } from '../../../src/primitives/tx.ts';
import { SIGHASH } from '../../../src/script/sigEncoding.ts';
import { witnessV0SigHash } from '../../../src/script/sighashWitnessV0.ts';
import { asciiBytes, concatBytes, EMPTY } from '../../../src/util/bytes.ts';

/** Someone who can be paid and can spend. */
export interface Owner {
  readonly scriptPubKey: Uint8Array;
  /** What input `index` of `tx` needs to spend an output of ours that holds `value` satoshi. */
  unlock(tx: Tx, index: number, value: bigint): Pick<TxIn, 'scriptSig' | 'witness'>;
}

/** Owner of one key, paid to its hash in a witness program (BIP141, BIP143). Signatures are deterministic (RFC 6979). */
function p2wpkhOwner(privateKey: Uint8Array): Owner {
  const publicKey = secp().publicKeyOf(privateKey, true);
  assert(publicKey !== undefined);
  const keyHash = hash160(publicKey);
  const scriptCode = payToPubKeyHash(keyHash);
  return {
    scriptPubKey: payToWitness({ version: 0, program: keyHash }),
    unlock(tx, index, value) {
      const signature = signEcdsa(witnessV0SigHash(tx, index, scriptCode, value, SIGHASH.ALL), privateKey);
      assert(signature !== undefined);
      return { scriptSig: EMPTY, witness: [concatBytes(signature, Uint8Array.of(SIGHASH.ALL)), publicKey] };
    },
  };
}

/** `count` owners; the same seed gives the same keys. */
export function p2wpkhOwners(seed: number, count: number): Owner[] {
  return Array.from({ length: count }, (_, i) => p2wpkhOwner(sha256(asciiBytes(`cairn bench ${seed} owner ${i}`))));
}
