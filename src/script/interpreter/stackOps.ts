import type { ScriptError } from '../errors.ts';
import { encodeScriptNumber, isTrue } from '../number.ts';
import { OP } from '../opcodes.ts';
import type { Machine } from './machine.ts';
import { needs, type Operation, type OperationTable } from './operation.ts';

/** Pushes copies of `count` items, the lowest of which is `depth` below the top. */
const copy = (depth: number, count: number): Operation =>
  needs(depth, ({ stack }) => {
    const from = stack.length - depth;
    for (let i = 0; i < count; i++) stack.push(stack[from + i] as Uint8Array);
    return undefined;
  });

/** Moves `count` items, the lowest of which is `depth` below the top, to the top. */
const move = (depth: number, count: number): Operation =>
  needs(depth, ({ stack }) => {
    stack.push(...stack.splice(stack.length - depth, count));
    return undefined;
  });

/** OP_PICK and OP_ROLL: the depth is on the stack, 0 being the item below it. */
function pick(machine: Machine, remove: boolean): ScriptError | undefined {
  const n = machine.number(1);
  if (n === undefined) return 'SCRIPTNUM';
  const { stack } = machine;
  stack.pop();
  if (n < 0 || n >= stack.length) return 'INVALID_STACK_OPERATION';
  const at = stack.length - 1 - n;
  const item = stack[at] as Uint8Array;
  if (remove) stack.splice(at, 1);
  stack.push(item);
  return undefined;
}

/** Opcodes that move items on the stack and between the stacks. */
export const STACK_OPERATIONS: OperationTable = {
  [OP.OP_TOALTSTACK]: needs(1, ({ stack, altStack }) => {
    altStack.push(stack.pop() as Uint8Array);
    return undefined;
  }),
  [OP.OP_FROMALTSTACK]: needs(0, ({ stack, altStack }) => {
    const item = altStack.pop();
    if (item === undefined) return 'INVALID_ALTSTACK_OPERATION';
    stack.push(item);
    return undefined;
  }),
  [OP.OP_2DROP]: needs(2, (machine) => {
    machine.drop(2);
    return undefined;
  }),
  [OP.OP_2DUP]: copy(2, 2),
  [OP.OP_3DUP]: copy(3, 3),
  [OP.OP_2OVER]: copy(4, 2),
  [OP.OP_2ROT]: move(6, 2),
  [OP.OP_2SWAP]: move(4, 2),
  [OP.OP_IFDUP]: needs(1, (machine) => {
    if (isTrue(machine.item(1))) machine.stack.push(machine.item(1));
    return undefined;
  }),
  [OP.OP_DEPTH]: needs(0, ({ stack }) => {
    stack.push(encodeScriptNumber(stack.length));
    return undefined;
  }),
  [OP.OP_DROP]: needs(1, ({ stack }) => {
    stack.pop();
    return undefined;
  }),
  [OP.OP_DUP]: copy(1, 1),
  [OP.OP_NIP]: needs(2, ({ stack }) => {
    stack[stack.length - 2] = stack.pop() as Uint8Array;
    return undefined;
  }),
  [OP.OP_OVER]: copy(2, 1),
  [OP.OP_PICK]: needs(2, (machine) => pick(machine, false)),
  [OP.OP_ROLL]: needs(2, (machine) => pick(machine, true)),
  [OP.OP_ROT]: move(3, 1),
  [OP.OP_SWAP]: move(2, 1),
  [OP.OP_TUCK]: needs(2, ({ stack }) => {
    stack.splice(stack.length - 2, 0, stack[stack.length - 1] as Uint8Array);
    return undefined;
  }),
  [OP.OP_SIZE]: needs(1, (machine) => {
    machine.stack.push(encodeScriptNumber(machine.item(1).length));
    return undefined;
  }),
};
