import { hasHighS, parseLaxDer } from '../crypto/laxDer.ts';
import type { ScriptError } from './errors.ts';
import { SCRIPT_FLAGS } from './flags.ts';

/** Signature hash types. DEFAULT is taproot's: ALL without a byte behind the signature. */
export const SIGHASH = { DEFAULT: 0, ALL: 1, NONE: 2, SINGLE: 3, ANYONECANPAY: 0x80 } as const;

/** What an ECDSA signature's hash type covers (legacy, BIP143): any 32-bit number is one. */
export interface EcdsaCoverage {
  /** Only the output of the input's index. */
  readonly single: boolean;
  /** No output. */
  readonly none: boolean;
  /** Only the input itself. */
  readonly anyoneCanPay: boolean;
}

export function ecdsaCoverage(hashType: number): EcdsaCoverage {
  const base = hashType & 0x1f;
  return {
    single: base === SIGHASH.SINGLE,
    none: base === SIGHASH.NONE,
    anyoneCanPay: (hashType & SIGHASH.ANYONECANPAY) !== 0,
  };
}

/** BIP66: strict DER, followed by exactly one hash type byte; 9 to 73 bytes. The empty signature is not one. */
export function isStrictDerSignature(sig: Uint8Array): boolean {
  if (sig.length < 9 || sig.length > 73) return false;
  if (sig[0] !== 0x30 || sig[1] !== sig.length - 3) return false;
  const rLength = sig[3] as number;
  if (5 + rLength >= sig.length) return false;
  const sLength = sig[5 + rLength] as number;
  if (rLength + sLength + 7 !== sig.length) return false;
  return isStrictInteger(sig, 2, rLength) && isStrictInteger(sig, 4 + rLength, sLength);
}

/** A positive INTEGER of `length` bytes at `at`, without a superfluous leading zero. */
function isStrictInteger(sig: Uint8Array, at: number, length: number): boolean {
  if (sig[at] !== 0x02 || length === 0) return false;
  const first = sig[at + 2] as number;
  if ((first & 0x80) !== 0) return false;
  return !(length > 1 && first === 0 && ((sig[at + 3] as number) & 0x80) === 0);
}

/** True when the hash type byte at the end is ALL, NONE or SINGLE, with or without ANYONECANPAY. */
export function hasDefinedHashType(sig: Uint8Array): boolean {
  const type = (sig[sig.length - 1] as number) & ~SIGHASH.ANYONECANPAY;
  return sig.length > 0 && type >= SIGHASH.ALL && type <= SIGHASH.SINGLE;
}

/** BIP66 (DERSIG), BIP62/146 (LOW_S) and the STRICTENC policy on a signature with hash type byte. Empty ones pass: they fail later. */
export function checkSignatureEncoding(sig: Uint8Array, flags: number): ScriptError | undefined {
  if (sig.length === 0) return undefined;
  const strict = SCRIPT_FLAGS.DERSIG | SCRIPT_FLAGS.LOW_S | SCRIPT_FLAGS.STRICTENC;
  if ((flags & strict) !== 0 && !isStrictDerSignature(sig)) return 'SIG_DER';
  if ((flags & SCRIPT_FLAGS.LOW_S) !== 0) {
    const compact = parseLaxDer(sig.subarray(0, sig.length - 1));
    if (compact === undefined || hasHighS(compact)) return 'SIG_HIGH_S';
  }
  if ((flags & SCRIPT_FLAGS.STRICTENC) !== 0 && !hasDefinedHashType(sig)) return 'SIG_HASHTYPE';
  return undefined;
}

/** STRICTENC: 33 bytes 02/03 or 65 bytes 04. WITNESS_PUBKEYTYPE: in segwit version 0 only the former. */
export function checkPublicKeyEncoding(key: Uint8Array, flags: number, witnessV0: boolean): ScriptError | undefined {
  const compressed = key.length === 33 && (key[0] === 2 || key[0] === 3);
  const uncompressed = key.length === 65 && key[0] === 4;
  if ((flags & SCRIPT_FLAGS.STRICTENC) !== 0 && !compressed && !uncompressed) return 'PUBKEYTYPE';
  if ((flags & SCRIPT_FLAGS.WITNESS_PUBKEYTYPE) !== 0 && witnessV0 && !compressed) return 'WITNESS_PUBKEYTYPE';
  return undefined;
}
