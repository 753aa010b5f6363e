import { secp } from '../crypto/secp.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { ScriptError } from './errors.ts';
import { SIGHASH } from './sigEncoding.ts';
import { type TapscriptExtension, taprootSigHash } from './sighashTaproot.ts';
import type { Spend } from './spend.ts';

/**
 * BIP340 signature by `key` (32 bytes x) under BIP341: 64 bytes, or 65 with a hash type other than DEFAULT. The empty
 * signature is none here; tapscript opcodes treat it before.
 */
export function checkSchnorrSignature(
  spend: Spend,
  sig: Uint8Array,
  key: Uint8Array,
  annex: Hash256 | undefined,
  script: TapscriptExtension | undefined,
): ScriptError | undefined {
  if (sig.length !== 64 && sig.length !== 65) return 'SCHNORR_SIG_SIZE';
  let hashType: number = SIGHASH.DEFAULT;
  if (sig.length === 65) {
    hashType = sig[64] as number;
    if (hashType === SIGHASH.DEFAULT) return 'SCHNORR_SIG_HASHTYPE';
  }
  const hash = taprootSigHash(spend, hashType, annex, script);
  if (hash === undefined) return 'SCHNORR_SIG_HASHTYPE';
  return secp().verifySchnorr(sig.length === 64 ? sig : sig.subarray(0, 64), hash, key) ? undefined : 'SCHNORR_SIG';
}
