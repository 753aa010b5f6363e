import { SEQUENCE_LOCK_DISABLED } from '../../primitives/lockTime.ts';
import type { ScriptError } from '../errors.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { lockTimeReached, relativeLockReached } from '../lockTimes.ts';
import { MAX_LOCKTIME_LENGTH } from '../number.ts';
import { OP } from '../opcodes.ts';
import type { Machine } from './machine.ts';
import { needs, type OperationTable } from './operation.ts';

/** Both opcodes look at the top of the stack and leave it there; without their flag they are NOPs. */
function checkLock(
  machine: Machine,
  flag: number,
  satisfied: (machine: Machine, required: number) => boolean,
): ScriptError | undefined {
  if (!machine.hasFlag(flag)) return undefined;
  if (machine.stack.length < 1) return 'INVALID_STACK_OPERATION';
  const required = machine.number(1, MAX_LOCKTIME_LENGTH);
  if (required === undefined) return 'SCRIPTNUM';
  if (required < 0) return 'NEGATIVE_LOCKTIME';
  return satisfied(machine, required) ? undefined : 'UNSATISFIED_LOCKTIME';
}

/** OP_CHECKLOCKTIMEVERIFY (BIP65) and OP_CHECKSEQUENCEVERIFY (BIP112). */
export const LOCK_TIME_OPERATIONS: OperationTable = {
  [OP.OP_CHECKLOCKTIMEVERIFY]: needs(0, (machine) =>
    checkLock(machine, SCRIPT_FLAGS.CHECKLOCKTIMEVERIFY, ({ execution }, required) =>
      lockTimeReached(execution.spend, required),
    ),
  ),
  [OP.OP_CHECKSEQUENCEVERIFY]: needs(0, (machine) =>
    checkLock(
      machine,
      SCRIPT_FLAGS.CHECKSEQUENCEVERIFY,
      ({ execution }, required) =>
        (required & SEQUENCE_LOCK_DISABLED) !== 0 || relativeLockReached(execution.spend, required),
    ),
  ),
};
