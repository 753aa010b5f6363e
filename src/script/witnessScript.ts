import { ScriptCursor } from './cursor.ts';
import type { ScriptError } from './errors.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import { evalScript } from './interpreter/evalScript.ts';
import { MAX_ELEMENT_SIZE, MAX_STACK_SIZE } from './interpreter/limits.ts';
import { type Execution, Machine, type TapscriptState } from './interpreter/machine.ts';
import { isTrue } from './number.ts';
import { isOpSuccess } from './opSuccess.ts';

/** Runs on the items of a witness, bottom first, which are not changed: BIP141's implicit cleanstack holds for the result. */
function runOnWitness(machine: Machine): ScriptError | undefined {
  const { stack } = machine;
  if (stack.some((item) => item.length > MAX_ELEMENT_SIZE)) return 'PUSH_SIZE';
  const error = evalScript(machine);
  if (error !== undefined) return error;
  if (stack.length !== 1) return 'CLEANSTACK';
  return isTrue(stack[0] as Uint8Array) ? undefined : 'EVAL_FALSE';
}

/** Executes the script of a segwit version 0 program (BIP141). */
export function runWitnessScript(
  execution: Execution,
  script: Uint8Array,
  items: readonly Uint8Array[],
): ScriptError | undefined {
  return runOnWitness(new Machine(execution, 'witnessScript', 'witness_v0', script, [...items]));
}

/** BIP342: the first OP_SUCCESS in front of any broken push decides, before every other limit. */
function judgeUnexecuted(script: Uint8Array, flags: number): ScriptError | 'success' | undefined {
  const cursor = new ScriptCursor(script);
  while (!cursor.atEnd) {
    if (!cursor.next()) return 'BAD_OPCODE';
    if (isOpSuccess(cursor.opcode))
      return (flags & SCRIPT_FLAGS.DISCOURAGE_OP_SUCCESS) !== 0 ? 'DISCOURAGE_OP_SUCCESS' : 'success';
  }
  return undefined;
}

/** Executes a tapscript (BIP342). */
export function runTapscript(
  execution: Execution,
  script: Uint8Array,
  items: readonly Uint8Array[],
  state: TapscriptState,
): ScriptError | undefined {
  const decided = judgeUnexecuted(script, execution.flags);
  if (decided !== undefined) return decided === 'success' ? undefined : decided;
  if (items.length > MAX_STACK_SIZE) return 'STACK_SIZE';
  return runOnWitness(new Machine(execution, 'tapscript', 'tapscript', script, [...items], state));
}
