import { encodeScriptNumber } from '../number.ts';
import { OP } from '../opcodes.ts';
import { needs, type Operation, type OperationTable } from './operation.ts';

function pushesNumber(n: number): Operation {
  const item = encodeScriptNumber(n);
  return needs(0, ({ stack }) => {
    stack.push(item);
    return undefined;
  });
}

/** OP_1NEGATE and OP_1 … OP_16. Pushes with data are executed by the loop itself. */
export const PUSH_OPERATIONS: OperationTable = Object.fromEntries([
  [OP.OP_1NEGATE, pushesNumber(-1)],
  ...Array.from({ length: 16 }, (_, i) => [OP.OP_1 + i, pushesNumber(i + 1)] as const),
]);
