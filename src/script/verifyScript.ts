import { isPayToScriptHash, witnessProgramOf } from '../primitives/outputScript.ts';
import type { Tx, TxOut } from '../primitives/tx.ts';
import { equalBytes } from '../util/bytes.ts';
import type { ScriptError } from './errors.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import { evalScript } from './interpreter/evalScript.ts';
import { type Execution, Machine, type ScriptObserver, type ScriptPart } from './interpreter/machine.ts';
import { encodeScriptNumber, isTrue } from './number.ts';
import { isPushOnly, pushData } from './push.ts';
import { inputOf, spentOutput } from './spend.ts';
import { SCRIPT_OK, type ScriptResult, scriptFailed, type VerifyScript } from './verify.ts';
import { verifyWitnessProgram } from './witnessProgram.ts';

type Stack = Uint8Array[];

function runLegacy(execution: Execution, part: ScriptPart, script: Uint8Array, stack: Stack): ScriptError | undefined {
  return evalScript(new Machine(execution, part, 'base', script, stack));
}

/**
 * A witness program run on an empty stack: OP_n and a push that is minimal, so no limit and no flag can mind it. True when
 * the script is one and `stack` holds what it leaves.
 */
function pushesProgram(script: Uint8Array, stack: Stack): boolean {
  const program = stack.length === 0 ? witnessProgramOf(script) : undefined;
  if (program === undefined) return false;
  stack.push(encodeScriptNumber(program.version), program.program);
  return true;
}

/** Runs an output or redeem script, which must leave a true item on top. */
function runToTrue(execution: Execution, part: ScriptPart, script: Uint8Array, stack: Stack): ScriptError | undefined {
  if (execution.observe !== undefined || !pushesProgram(script, stack)) {
    const error = runLegacy(execution, part, script, stack);
    if (error !== undefined) return error;
  }
  const top = stack[stack.length - 1];
  return top !== undefined && isTrue(top) ? undefined : 'EVAL_FALSE';
}

/** How an input went so far: whether its witness was meant for a program, and what CLEANSTACK looks at. */
interface Progress {
  witnessUsed: boolean;
  stack: Stack;
}

/** BIP141: an output script, or redeem script when `nested`, may be a witness program: scriptSig is then empty or its push alone. */
function satisfyProgram(
  execution: Execution,
  script: Uint8Array,
  nested: boolean,
  progress: Progress,
): ScriptError | undefined {
  if ((execution.flags & SCRIPT_FLAGS.WITNESS) === 0) return undefined;
  const program = witnessProgramOf(script);
  if (program === undefined) return undefined;
  progress.witnessUsed = true;
  const { scriptSig } = inputOf(execution.spend);
  if (nested) {
    if (!equalBytes(scriptSig, pushData(script))) return 'WITNESS_MALLEATED_P2SH';
  } else if (scriptSig.length !== 0) return 'WITNESS_MALLEATED';
  const error = verifyWitnessProgram(execution, program, nested);
  // The program itself is left on the stack; a witness has its own clean stack.
  while (progress.stack.length > 1) progress.stack.pop();
  return error;
}

/** BIP16: the last push of the input script is a script, to be run on the pushes before it. */
function satisfyScriptHash(execution: Execution, pushed: Stack, progress: Progress): ScriptError | undefined {
  if (!isPushOnly(inputOf(execution.spend).scriptSig)) return 'SIG_PUSHONLY';
  const redeemScript = pushed.pop() as Uint8Array;
  progress.stack = pushed;
  const error = runToTrue(execution, 'redeemScript', redeemScript, pushed);
  return error ?? satisfyProgram(execution, redeemScript, true, progress);
}

/** Bitcoin Core's VerifyScript. */
function judgeSpend(execution: Execution): ScriptError | undefined {
  const { spend, flags } = execution;
  const { scriptSig, witness } = inputOf(spend);
  const { scriptPubKey } = spentOutput(spend);
  if ((flags & SCRIPT_FLAGS.SIGPUSHONLY) !== 0 && !isPushOnly(scriptSig)) return 'SIG_PUSHONLY';

  // One after the other on the same stack, never as one script (CVE-2010-5141).
  const progress: Progress = { witnessUsed: false, stack: [] };
  const { stack } = progress;
  // An empty script leaves the stack as it is.
  let error: ScriptError | undefined;
  if (scriptSig.length > 0 || execution.observe !== undefined)
    error = runLegacy(execution, 'scriptSig', scriptSig, stack);
  if (error !== undefined) return error;
  const isScriptHash = (flags & SCRIPT_FLAGS.P2SH) !== 0 && isPayToScriptHash(scriptPubKey);
  const pushed = isScriptHash ? [...stack] : undefined;
  error = runToTrue(execution, 'scriptPubKey', scriptPubKey, stack);
  error ??= satisfyProgram(execution, scriptPubKey, false, progress);
  if (error === undefined && pushed !== undefined) error = satisfyScriptHash(execution, pushed, progress);
  if (error !== undefined) return error;

  if ((flags & SCRIPT_FLAGS.CLEANSTACK) !== 0 && progress.stack.length !== 1) return 'CLEANSTACK';
  const unexpected = (flags & SCRIPT_FLAGS.WITNESS) !== 0 && !progress.witnessUsed && witness.length > 0;
  return unexpected ? 'WITNESS_UNEXPECTED' : undefined;
}

/** verifyScript with every step shown to `observe`, for people who want to see a script run. */
export function observeScript(
  tx: Tx,
  index: number,
  spent: readonly TxOut[],
  flags: number,
  observe: ScriptObserver | undefined,
): ScriptResult {
  const error = judgeSpend({ spend: { tx, index, spent }, flags, observe });
  return error === undefined ? SCRIPT_OK : scriptFailed(error);
}

/**
 * May input `index` of `tx` spend `spent[index]` under `flags`? The one door to script verification; pure and synchronous.
 * WITNESS is meant to come with P2SH, and CLEANSTACK with both, as otherwise adding P2SH would not be a soft fork.
 */
export const verifyScript: VerifyScript = (tx, index, spent, flags) =>
  observeScript(tx, index, spent, flags, undefined);
