import { hasPublicKeyShape } from '../../crypto/keyEncoding.ts';
import { secp } from '../../crypto/secp.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import { Writer } from '../../util/codec.ts';
import type { ScriptError } from '../errors.ts';
import { findAndDelete } from '../findAndDelete.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { writePush } from '../push.ts';
import { checkPublicKeyEncoding, checkSignatureEncoding } from '../sigEncoding.ts';
import { legacySigHash } from '../sighashLegacy.ts';
import { witnessV0SigHash } from '../sighashWitnessV0.ts';
import { spentOutput } from '../spend.ts';
import type { Machine } from './machine.ts';

/** The push of a signature, looked for in the script and forgotten. */
const push = new Writer(128);

/** Legacy: a signature cannot sign itself, so the script code leaves it out. CONST_SCRIPTCODE forbids that it is in there. */
export function withoutSignature(
  machine: Machine,
  scriptCode: Uint8Array,
  sig: Uint8Array,
): { readonly scriptCode: Uint8Array } | { readonly error: ScriptError } {
  // A script that is no longer than the signature does not hold its push.
  if (machine.version !== 'base' || scriptCode.length <= sig.length) return { scriptCode };
  const { script, found } = findAndDelete(scriptCode, writePush(push.restart(), sig).written());
  if (found > 0 && machine.hasFlag(SCRIPT_FLAGS.CONST_SCRIPTCODE)) return { error: 'SIG_FINDANDDELETE' };
  return { scriptCode: script };
}

/** The encodings that the flags ask of signature and key. */
export function checkEncodings(machine: Machine, sig: Uint8Array, key: Uint8Array): ScriptError | undefined {
  const { flags } = machine.execution;
  return checkSignatureEncoding(sig, flags) ?? checkPublicKeyEncoding(key, flags, machine.version === 'witness_v0');
}

/** What a signature with this hash type signs; made once for all signatures of a script that sign the same. */
function signedHash(machine: Machine, scriptCode: Uint8Array, hashType: number): Hash256 {
  let hash = machine.keptSigHash(scriptCode, hashType);
  if (hash === undefined) {
    const { spend } = machine.execution;
    hash =
      machine.version === 'base'
        ? legacySigHash(spend.tx, spend.index, scriptCode, hashType)
        : witnessV0SigHash(spend.tx, spend.index, scriptCode, spentOutput(spend).value, hashType);
    machine.keepSigHash(scriptCode, hashType, hash);
  }
  return hash;
}

/**
 * Is `sig` (with hash type byte) by `key` on this input? Encodings are judged before, by flags; what is left is as tolerant
 * as libsecp256k1's lax parser. False for the empty signature and for keys whose length does not fit their first byte.
 */
export function isEcdsaSignature(machine: Machine, sig: Uint8Array, key: Uint8Array, scriptCode: Uint8Array): boolean {
  if (sig.length === 0 || !hasPublicKeyShape(key)) return false;
  const hash = signedHash(machine, scriptCode, sig[sig.length - 1] as number);
  return secp().verifyEcdsa(sig.subarray(0, sig.length - 1), hash, key);
}
