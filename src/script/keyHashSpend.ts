import { hash160 } from '../crypto/hash.ts';
import { payToPubKeyHash, pubKeyHashOf, witnessProgramOf, witnessType } from '../primitives/outputScript.ts';
import type { TxIn } from '../primitives/tx.ts';
import { equalBytes } from '../util/bytes.ts';
import { checkEcdsaSignature, type SigContext, type SigVersion } from './checkSig.ts';
import { ScriptCursor } from './cursor.ts';
import type { ScriptError } from './errors.ts';
import { findAndDelete } from './findAndDelete.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import { encodeScriptNumber, isTrue } from './number.ts';
import { OP, smallNumberOf } from './opcodes.ts';
import { isMinimalPush, isPushOnly, pushData } from './push.ts';
import { checkPublicKeyEncoding, checkSignatureEncoding } from './sigEncoding.ts';
import { isUnspendable, MAX_SCRIPT_SIZE } from './standard.ts';

/** Consensus limits of execution. */
const MAX_ELEMENT_SIZE = 520;
const MAX_STACK_SIZE = 1000;

type Stack = readonly Uint8Array[];
type Outcome = { readonly stack: Stack } | { readonly error: ScriptError };

/** Executes a script of pushes; any other opcode is NOT_SUPPORTED here. */
function runPushes(script: Uint8Array, flags: number): Outcome {
  if (script.length > MAX_SCRIPT_SIZE) return { error: 'SCRIPT_SIZE' };
  const stack: Uint8Array[] = [];
  const cursor = new ScriptCursor(script);
  while (!cursor.atEnd) {
    if (!cursor.next()) return { error: 'BAD_OPCODE' };
    const { opcode, data } = cursor;
    if (data.length > MAX_ELEMENT_SIZE) return { error: 'PUSH_SIZE' };
    if (opcode <= OP.OP_PUSHDATA4) {
      if ((flags & SCRIPT_FLAGS.MINIMALDATA) !== 0 && !isMinimalPush(data, opcode)) return { error: 'MINIMALDATA' };
      stack.push(data);
    } else if (opcode === OP.OP_RESERVED) return { error: 'BAD_OPCODE' };
    else {
      const n = opcode === OP.OP_1NEGATE ? -1 : smallNumberOf(opcode);
      if (n === undefined) return { error: 'NOT_SUPPORTED' };
      stack.push(encodeScriptNumber(BigInt(n)));
    }
    if (stack.length > MAX_STACK_SIZE) return { error: 'STACK_SIZE' };
  }
  return { stack };
}

/** Executes OP_DUP OP_HASH160 ⟨keyHash⟩ OP_EQUALVERIFY OP_CHECKSIG on a stack, bottom first. */
function runKeyHashScript(
  context: SigContext,
  stack: Stack,
  keyHash: Uint8Array,
  flags: number,
  version: SigVersion,
): Outcome {
  const key = stack[stack.length - 1];
  const sig = stack[stack.length - 2];
  if (key === undefined) return { error: 'INVALID_STACK_OPERATION' };
  // OP_DUP and the push of the hash each need a place.
  if (stack.length + 2 > MAX_STACK_SIZE) return { error: 'STACK_SIZE' };
  if (!equalBytes(hash160(key), keyHash)) return { error: 'EQUALVERIFY' };
  if (sig === undefined) return { error: 'INVALID_STACK_OPERATION' };

  let scriptCode = payToPubKeyHash(keyHash);
  if (version === 'base') {
    const { script, found } = findAndDelete(scriptCode, pushData(sig));
    if (found > 0 && (flags & SCRIPT_FLAGS.CONST_SCRIPTCODE) !== 0) return { error: 'SIG_FINDANDDELETE' };
    scriptCode = script;
  }
  const encoding = checkSignatureEncoding(sig, flags) ?? checkPublicKeyEncoding(key, flags, version === 'witness_v0');
  if (encoding !== undefined) return { error: encoding };
  const valid = checkEcdsaSignature(context, sig, key, scriptCode, version);
  if (!valid && (flags & SCRIPT_FLAGS.NULLFAIL) !== 0 && sig.length > 0) return { error: 'NULLFAIL' };
  if (!valid) return { error: 'EVAL_FALSE' };
  return { stack: [...stack.slice(0, -2), Uint8Array.of(1)] };
}

function spendP2pkh(context: SigContext, input: TxIn, keyHash: Uint8Array, flags: number): ScriptError | undefined {
  const pushed = runPushes(input.scriptSig, flags);
  if ('error' in pushed) return pushed.error;
  const end = runKeyHashScript(context, pushed.stack, keyHash, flags, 'base');
  if ('error' in end) return end.error;
  if ((flags & SCRIPT_FLAGS.CLEANSTACK) !== 0 && end.stack.length !== 1) return 'CLEANSTACK';
  if ((flags & SCRIPT_FLAGS.WITNESS) !== 0 && input.witness.length > 0) return 'WITNESS_UNEXPECTED';
  return undefined;
}

/** BIP141 and BIP143; the WITNESS flag is set. */
function spendP2wpkh(context: SigContext, input: TxIn, keyHash: Uint8Array, flags: number): ScriptError | undefined {
  // The output script runs as a legacy script before its program does: it leaves the program on the stack.
  const pushed = runPushes(input.scriptSig, flags);
  if ('error' in pushed) return pushed.error;
  if (pushed.stack.length + 2 > MAX_STACK_SIZE) return 'STACK_SIZE';
  if (!isTrue(keyHash)) return 'EVAL_FALSE';
  if (input.scriptSig.length !== 0) return 'WITNESS_MALLEATED';
  if (input.witness.length !== 2) return 'WITNESS_PROGRAM_MISMATCH';
  if (input.witness.some((item) => item.length > MAX_ELEMENT_SIZE)) return 'PUSH_SIZE';
  const end = runKeyHashScript(context, input.witness, keyHash, flags, 'witness_v0');
  return 'error' in end ? end.error : undefined;
}

/**
 * Judges spends of P2PKH and P2WPKH outputs exactly as Bitcoin Core's VerifyScript does with the same flags, and refuses
 * every other spend: as OP_RETURN or SCRIPT_SIZE where nothing could ever spend it, as NOT_SUPPORTED otherwise.
 */
export function judgeKeyHashSpend(context: SigContext, flags: number): ScriptError | undefined {
  const input = context.tx.inputs[context.index] as TxIn;
  const { scriptPubKey } = context.spent;
  if ((flags & SCRIPT_FLAGS.SIGPUSHONLY) !== 0 && !isPushOnly(input.scriptSig)) return 'SIG_PUSHONLY';
  if (isUnspendable(scriptPubKey)) {
    // No input script can help; one that fails by itself is named first.
    const pushed = runPushes(input.scriptSig, flags);
    if ('error' in pushed && pushed.error !== 'NOT_SUPPORTED') return pushed.error;
    return scriptPubKey.length > MAX_SCRIPT_SIZE ? 'SCRIPT_SIZE' : 'OP_RETURN';
  }

  const keyHash = pubKeyHashOf(scriptPubKey);
  if (keyHash !== undefined) return spendP2pkh(context, input, keyHash, flags);
  const witness = witnessProgramOf(scriptPubKey);
  if (witness !== undefined && witnessType(witness) === 'witness_v0_keyhash' && (flags & SCRIPT_FLAGS.WITNESS) !== 0) {
    return spendP2wpkh(context, input, witness.program, flags);
  }
  return 'NOT_SUPPORTED';
}
