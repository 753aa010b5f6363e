import { MAX_SCRIPT_SIZE } from '../../primitives/outputScript.ts';
import type { ScriptError } from '../errors.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { OP } from '../opcodes.ts';
import { isMinimalPush } from '../push.ts';
import { MAX_ELEMENT_SIZE, MAX_OPS_PER_SCRIPT, MAX_STACK_SIZE } from './limits.ts';
import type { Machine } from './machine.ts';
import { OPERATIONS } from './operations.ts';

function markedOpcodes(opcodes: readonly number[]): Uint8Array {
  const marks = new Uint8Array(256);
  for (const opcode of opcodes) marks[opcode] = 1;
  return marks;
}

/** CVE-2010-5137: these end a script even where they are not executed. */
const DISABLED: Uint8Array = markedOpcodes([
  OP.OP_CAT,
  OP.OP_SUBSTR,
  OP.OP_LEFT,
  OP.OP_RIGHT,
  OP.OP_INVERT,
  OP.OP_AND,
  OP.OP_OR,
  OP.OP_XOR,
  OP.OP_2MUL,
  OP.OP_2DIV,
  OP.OP_MUL,
  OP.OP_DIV,
  OP.OP_MOD,
  OP.OP_LSHIFT,
  OP.OP_RSHIFT,
]);

/** What holds for every opcode, executed or not. */
function checkOpcode(machine: Machine): ScriptError | undefined {
  const { opcode, dataSize } = machine.cursor;
  if (dataSize > MAX_ELEMENT_SIZE) return 'PUSH_SIZE';
  if (opcode <= OP.OP_16) return undefined;
  if (machine.version !== 'tapscript' && ++machine.opCount > MAX_OPS_PER_SCRIPT) return 'OP_COUNT';
  if (DISABLED[opcode] === 1) return 'DISABLED_OPCODE';
  const separator = opcode === OP.OP_CODESEPARATOR && machine.version === 'base';
  return separator && machine.hasFlag(SCRIPT_FLAGS.CONST_SCRIPTCODE) ? 'OP_CODESEPARATOR' : undefined;
}

function execute(machine: Machine): ScriptError | undefined {
  const { cursor, stack, executing } = machine;
  const { opcode } = cursor;
  if (opcode <= OP.OP_PUSHDATA4) {
    if (!executing) return undefined;
    const { data } = cursor;
    if (machine.minimal && !isMinimalPush(data, opcode)) return 'MINIMALDATA';
    stack.push(data);
    return undefined;
  }
  // Conditionals are followed where nothing is executed, and OP_VERIF and OP_VERNOTIF among them fail there too.
  if (!executing && (opcode < OP.OP_IF || opcode > OP.OP_ENDIF)) return undefined;
  const operation = OPERATIONS[opcode];
  if (operation === undefined) return 'BAD_OPCODE';
  return stack.length < operation.needs ? 'INVALID_STACK_OPERATION' : operation.run(machine);
}

function step(machine: Machine): ScriptError | undefined {
  const { cursor, stack, altStack } = machine;
  machine.executing = machine.conditions.allTrue;
  machine.opcodeOffset = cursor.offset;
  machine.opcodePosition++;
  if (!cursor.next()) return 'BAD_OPCODE';
  const error = checkOpcode(machine) ?? execute(machine);
  if (error !== undefined) return error;
  return stack.length + altStack.length > MAX_STACK_SIZE ? 'STACK_SIZE' : undefined;
}

/**
 * Runs the machine's script to its end or first error (Bitcoin Core's EvalScript). What it leaves on the stack is the
 * result; whether that is a success is the caller's business.
 */
export function evalScript(machine: Machine): ScriptError | undefined {
  const { cursor, conditions, version } = machine;
  const { observe } = machine.execution;
  observe?.(machine, undefined);
  if (version !== 'tapscript' && cursor.script.length > MAX_SCRIPT_SIZE) return 'SCRIPT_SIZE';
  while (!cursor.atEnd) {
    const error = step(machine);
    observe?.(machine, error);
    if (error !== undefined) return error;
  }
  return conditions.closed ? undefined : 'UNBALANCED_CONDITIONAL';
}
