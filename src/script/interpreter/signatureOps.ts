import { checkSchnorrSignature } from '../checkSchnorr.ts';
import type { ScriptError } from '../errors.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { encodeScriptNumber } from '../number.ts';
import { OP } from '../opcodes.ts';
import { checkEncodings, isEcdsaSignature, withoutSignature } from './checkEcdsa.ts';
import type { Machine, TapscriptState } from './machine.ts';
import { boolItem, needs, type OperationTable } from './operation.ts';

/** BIP342: every signature that is not empty takes this much of the budget, in weight units. */
const WEIGHT_PER_SIGNATURE = 50;

/** Whether the signature is good, or why the script fails whatever it would make of that. */
type SignatureVerdict = boolean | ScriptError;

function checkLegacy(machine: Machine, sig: Uint8Array, key: Uint8Array): SignatureVerdict {
  const code = withoutSignature(machine, machine.scriptCode, sig);
  if ('error' in code) return code.error;
  const encoding = checkEncodings(machine, sig, key);
  if (encoding !== undefined) return encoding;
  const good = isEcdsaSignature(machine, sig, key, code.scriptCode);
  if (!good && machine.hasFlag(SCRIPT_FLAGS.NULLFAIL) && sig.length > 0) return 'NULLFAIL';
  return good;
}

/**
 * BIP342: only the empty signature is merely wrong, any other bad one ends the script; keys of a length that is not
 * defined yet count as good. The order is consensus: budget, then empty key, then signature.
 */
function checkTapscript(
  machine: Machine,
  tapscript: TapscriptState,
  sig: Uint8Array,
  key: Uint8Array,
): SignatureVerdict {
  const given = sig.length > 0;
  if (given) {
    tapscript.weightLeft -= WEIGHT_PER_SIGNATURE;
    if (tapscript.weightLeft < 0) return 'TAPSCRIPT_VALIDATION_WEIGHT';
  }
  if (key.length === 0) return 'TAPSCRIPT_EMPTY_PUBKEY';
  if (key.length === 32) {
    if (!given) return false;
    const { leafHash, annex } = tapscript;
    const { codeSeparator, execution } = machine;
    return checkSchnorrSignature(execution.spend, sig, key, annex, { leafHash, codeSeparator }) ?? true;
  }
  if (machine.hasFlag(SCRIPT_FLAGS.DISCOURAGE_UPGRADABLE_PUBKEYTYPE)) return 'DISCOURAGE_UPGRADABLE_PUBKEYTYPE';
  return given;
}

function checkSignature(machine: Machine, sig: Uint8Array, key: Uint8Array): SignatureVerdict {
  const { tapscript } = machine;
  return tapscript === undefined ? checkLegacy(machine, sig, key) : checkTapscript(machine, tapscript, sig, key);
}

/** sig key → bool */
function checkSig(machine: Machine): ScriptError | undefined {
  const good = checkSignature(machine, machine.item(2), machine.item(1));
  if (typeof good === 'string') return good;
  machine.drop(2);
  machine.stack.push(boolItem(good));
  return undefined;
}

/** sig key → */
function checkSigVerify(machine: Machine): ScriptError | undefined {
  const good = checkSignature(machine, machine.item(2), machine.item(1));
  if (typeof good === 'string') return good;
  if (!good) return 'CHECKSIGVERIFY';
  machine.drop(2);
  return undefined;
}

/** BIP342: sig n key → n + 1 when the signature is good, n otherwise. */
function checkSigAdd(machine: Machine): ScriptError | undefined {
  if (machine.version !== 'tapscript') return 'BAD_OPCODE';
  if (machine.stack.length < 3) return 'INVALID_STACK_OPERATION';
  const n = machine.number(2);
  if (n === undefined) return 'SCRIPTNUM';
  const good = checkSignature(machine, machine.item(3), machine.item(1));
  if (typeof good === 'string') return good;
  machine.drop(3);
  machine.stack.push(encodeScriptNumber(good ? n + 1 : n));
  return undefined;
}

/** Single signatures, and OP_CODESEPARATOR, which says what they sign. */
export const SIGNATURE_OPERATIONS: OperationTable = {
  [OP.OP_CODESEPARATOR]: needs(0, (machine) => {
    machine.startCodeHere();
    return undefined;
  }),
  [OP.OP_CHECKSIG]: needs(2, checkSig),
  [OP.OP_CHECKSIGVERIFY]: needs(2, checkSigVerify),
  [OP.OP_CHECKSIGADD]: needs(0, checkSigAdd),
};
