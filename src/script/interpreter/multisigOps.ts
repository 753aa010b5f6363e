import type { ScriptError } from '../errors.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { OP } from '../opcodes.ts';
import { MAX_PUBKEYS_PER_MULTISIG } from '../templates.ts';
import { checkEncodings, isEcdsaSignature, withoutSignature } from './checkEcdsa.ts';
import { MAX_OPS_PER_SCRIPT } from './limits.ts';
import type { Machine } from './machine.ts';
import { boolItem, needs, type OperationTable } from './operation.ts';

/** Where keys and signatures lie on the stack; depths count from 1, the top. */
interface MultisigLayout {
  readonly keys: number;
  /** Depth of the key written last. */
  readonly keyDepth: number;
  readonly sigs: number;
  readonly sigDepth: number;
}

/** dummy sig… sigs key… keys, judged from the top down. Keys count as opcodes. */
function readLayout(machine: Machine): MultisigLayout | ScriptError {
  const { stack } = machine;
  if (stack.length < 1) return 'INVALID_STACK_OPERATION';
  const keys = machine.number(1);
  if (keys === undefined) return 'SCRIPTNUM';
  if (keys < 0 || keys > MAX_PUBKEYS_PER_MULTISIG) return 'PUBKEY_COUNT';
  machine.opCount += keys;
  if (machine.opCount > MAX_OPS_PER_SCRIPT) return 'OP_COUNT';
  if (stack.length < keys + 2) return 'INVALID_STACK_OPERATION';
  const sigs = machine.number(keys + 2);
  if (sigs === undefined) return 'SCRIPTNUM';
  if (sigs < 0 || sigs > keys) return 'SIG_COUNT';
  // The one more item that is taken away must be there, too.
  if (stack.length < keys + sigs + 3) return 'INVALID_STACK_OPERATION';
  return { keys, keyDepth: 2, sigs, sigDepth: keys + 3 };
}

/** Legacy: the script code without any of the signatures. */
function signedCode(machine: Machine, { sigs, sigDepth }: MultisigLayout): Uint8Array | ScriptError {
  let { scriptCode } = machine;
  for (let i = 0; i < sigs; i++) {
    const code = withoutSignature(machine, scriptCode, machine.item(sigDepth + i));
    if ('error' in code) return code.error;
    ({ scriptCode } = code);
  }
  return scriptCode;
}

/**
 * Signatures must come in the order of their keys: each key is tried once, against the signature it is the turn of, until
 * more signatures than keys are left. Which encodings are looked at depends on that and is consensus.
 */
function matchSignatures(machine: Machine, layout: MultisigLayout, code: Uint8Array): boolean | ScriptError {
  let { keys, keyDepth, sigs, sigDepth } = layout;
  while (sigs > 0) {
    const sig = machine.item(sigDepth);
    const key = machine.item(keyDepth);
    const encoding = checkEncodings(machine, sig, key);
    if (encoding !== undefined) return encoding;
    if (isEcdsaSignature(machine, sig, key, code)) {
      sigDepth++;
      sigs--;
    }
    keyDepth++;
    keys--;
    if (sigs > keys) return false;
  }
  return true;
}

/** Takes all arguments off the stack, and the one item more that a mistake of the first implementation takes (BIP147). */
function dropArguments(
  machine: Machine,
  { keys, sigs, sigDepth }: MultisigLayout,
  good: boolean,
): ScriptError | undefined {
  if (!good && machine.hasFlag(SCRIPT_FLAGS.NULLFAIL)) {
    for (let i = 0; i < sigs; i++) if (machine.item(sigDepth + i).length > 0) return 'NULLFAIL';
  }
  const dummy = machine.item(sigDepth + sigs);
  machine.drop(keys + sigs + 3);
  return machine.hasFlag(SCRIPT_FLAGS.NULLDUMMY) && dummy.length > 0 ? 'SIG_NULLDUMMY' : undefined;
}

function checkMultisig(machine: Machine): boolean | ScriptError {
  if (machine.version === 'tapscript') return 'TAPSCRIPT_CHECKMULTISIG';
  const layout = readLayout(machine);
  if (typeof layout === 'string') return layout;
  const code = signedCode(machine, layout);
  if (typeof code === 'string') return code;
  const good = matchSignatures(machine, layout, code);
  if (typeof good === 'string') return good;
  return dropArguments(machine, layout, good) ?? good;
}

export const MULTISIG_OPERATIONS: OperationTable = {
  [OP.OP_CHECKMULTISIG]: needs(0, (machine) => {
    const good = checkMultisig(machine);
    if (typeof good === 'string') return good;
    machine.stack.push(boolItem(good));
    return undefined;
  }),
  [OP.OP_CHECKMULTISIGVERIFY]: needs(0, (machine) => {
    const good = checkMultisig(machine);
    if (typeof good === 'string') return good;
    return good ? undefined : 'CHECKMULTISIGVERIFY';
  }),
};
