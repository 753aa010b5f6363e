import { equalBytes } from '../../util/bytes.ts';
import type { ScriptError } from '../errors.ts';
import { encodeScriptNumber } from '../number.ts';
import { OP } from '../opcodes.ts';
import type { Machine } from './machine.ts';
import { boolItem, needs, type Operation, type OperationTable } from './operation.ts';

/** Operands have at most 4 bytes, so that every result is a safe integer; results may have 5. */
const unary = (f: (n: number) => number): Operation =>
  needs(1, (machine) => {
    const n = machine.number(1);
    if (n === undefined) return 'SCRIPTNUM';
    machine.stack[machine.stack.length - 1] = encodeScriptNumber(f(n));
    return undefined;
  });

/** Replaces the two operands by the result item; `a` is the lower one. */
const combine = (f: (a: number, b: number) => Uint8Array): Operation =>
  needs(2, (machine) => {
    const a = machine.number(2);
    const b = machine.number(1);
    if (a === undefined || b === undefined) return 'SCRIPTNUM';
    machine.stack.pop();
    machine.stack[machine.stack.length - 1] = f(a, b);
    return undefined;
  });
const binary = (f: (a: number, b: number) => number): Operation => combine((a, b) => encodeScriptNumber(f(a, b)));
const compare = (f: (a: number, b: number) => boolean): Operation => combine((a, b) => boolItem(f(a, b)));

function numEqualVerify(machine: Machine): ScriptError | undefined {
  const a = machine.number(2);
  const b = machine.number(1);
  if (a === undefined || b === undefined) return 'SCRIPTNUM';
  if (a !== b) return 'NUMEQUALVERIFY';
  machine.drop(2);
  return undefined;
}

/** x min max: min ≤ x < max. */
function within(machine: Machine): ScriptError | undefined {
  const x = machine.number(3);
  const min = machine.number(2);
  const max = machine.number(1);
  if (x === undefined || min === undefined || max === undefined) return 'SCRIPTNUM';
  machine.drop(3);
  machine.stack.push(boolItem(min <= x && x < max));
  return undefined;
}

/** Arithmetic, and the byte-wise comparisons. */
export const NUMBER_OPERATIONS: OperationTable = {
  [OP.OP_EQUAL]: needs(2, ({ stack }) => {
    const b = stack.pop() as Uint8Array;
    stack[stack.length - 1] = boolItem(equalBytes(stack[stack.length - 1] as Uint8Array, b));
    return undefined;
  }),
  [OP.OP_EQUALVERIFY]: needs(2, (machine) => {
    if (!equalBytes(machine.item(2), machine.item(1))) return 'EQUALVERIFY';
    machine.drop(2);
    return undefined;
  }),
  [OP.OP_1ADD]: unary((n) => n + 1),
  [OP.OP_1SUB]: unary((n) => n - 1),
  [OP.OP_NEGATE]: unary((n) => -n),
  [OP.OP_ABS]: unary((n) => Math.abs(n)),
  [OP.OP_NOT]: unary((n) => (n === 0 ? 1 : 0)),
  [OP.OP_0NOTEQUAL]: unary((n) => (n === 0 ? 0 : 1)),
  [OP.OP_ADD]: binary((a, b) => a + b),
  [OP.OP_SUB]: binary((a, b) => a - b),
  [OP.OP_BOOLAND]: compare((a, b) => a !== 0 && b !== 0),
  [OP.OP_BOOLOR]: compare((a, b) => a !== 0 || b !== 0),
  [OP.OP_NUMEQUAL]: compare((a, b) => a === b),
  [OP.OP_NUMEQUALVERIFY]: needs(2, numEqualVerify),
  [OP.OP_NUMNOTEQUAL]: compare((a, b) => a !== b),
  [OP.OP_LESSTHAN]: compare((a, b) => a < b),
  [OP.OP_GREATERTHAN]: compare((a, b) => a > b),
  [OP.OP_LESSTHANOREQUAL]: compare((a, b) => a <= b),
  [OP.OP_GREATERTHANOREQUAL]: compare((a, b) => a >= b),
  [OP.OP_MIN]: binary((a, b) => Math.min(a, b)),
  [OP.OP_MAX]: binary((a, b) => Math.max(a, b)),
  [OP.OP_WITHIN]: needs(3, within),
};
