import { hasPublicKeyShape } from '../crypto/keyEncoding.ts';
import { secp } from '../crypto/secp.ts';
import type { Tx, TxOut } from '../primitives/tx.ts';
import { legacySigHash, witnessV0SigHash } from './sighash.ts';

/** Which signature hash a script's signatures sign. */
export type SigVersion = 'base' | 'witness_v0';

/** The input whose signatures are checked. */
export interface SigContext {
  readonly tx: Tx;
  readonly index: number;
  /** The output it spends. */
  readonly spent: TxOut;
}

/**
 * Is `sig` (with hash type byte) by `key` on this input? Encodings are judged before, by flags; what is left is as tolerant
 * as libsecp256k1's lax parser. False for the empty signature and for keys whose length does not fit their first byte.
 */
export function checkEcdsaSignature(
  { tx, index, spent }: SigContext,
  sig: Uint8Array,
  key: Uint8Array,
  scriptCode: Uint8Array,
  version: SigVersion,
): boolean {
  if (sig.length === 0 || !hasPublicKeyShape(key)) return false;
  const hashType = sig[sig.length - 1] as number;
  const hash =
    version === 'base'
      ? legacySigHash(tx, index, scriptCode, hashType)
      : witnessV0SigHash(tx, index, scriptCode, spent.value, hashType);
  return secp().verifyEcdsa(sig.subarray(0, sig.length - 1), hash, key);
}
