import type { ScriptError } from '../errors.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { isTrue } from '../number.ts';
import { OP } from '../opcodes.ts';
import type { Machine } from './machine.ts';
import { needs, type OperationTable } from './operation.ts';

/** MINIMALIF: the condition is empty or exactly 01. A rule of tapscript (BIP342), policy for segwit version 0. */
function checkMinimalIf(machine: Machine, item: Uint8Array): ScriptError | undefined {
  if (item.length === 0 || (item.length === 1 && item[0] === 1)) return undefined;
  if (machine.version === 'tapscript') return 'TAPSCRIPT_MINIMALIF';
  if (machine.version === 'witness_v0' && machine.hasFlag(SCRIPT_FLAGS.MINIMALIF)) return 'MINIMALIF';
  return undefined;
}

/** OP_IF and OP_NOTIF: also counted where opcodes are not executed, without looking at the stack. */
function openBranch(machine: Machine, takenWhen: boolean): ScriptError | undefined {
  if (!machine.executing) {
    machine.conditions.open(false);
    return undefined;
  }
  const item = machine.stack.pop();
  if (item === undefined) return 'INVALID_STACK_OPERATION';
  const notMinimal = checkMinimalIf(machine, item);
  if (notMinimal !== undefined) return notMinimal;
  machine.conditions.open(isTrue(item) === takenWhen);
  return undefined;
}

/** NOPs that soft forks may redefine; policy does not relay them. */
const upgradableNop = needs(0, (machine) =>
  machine.hasFlag(SCRIPT_FLAGS.DISCOURAGE_UPGRADABLE_NOPS) ? 'DISCOURAGE_UPGRADABLE_NOPS' : undefined,
);

/** Conditionals, OP_VERIFY, OP_RETURN and the opcodes that do nothing. */
export const FLOW_OPERATIONS: OperationTable = {
  [OP.OP_NOP]: needs(0, () => undefined),
  [OP.OP_IF]: needs(0, (machine) => openBranch(machine, true)),
  [OP.OP_NOTIF]: needs(0, (machine) => openBranch(machine, false)),
  [OP.OP_ELSE]: needs(0, ({ conditions }) => {
    if (conditions.closed) return 'UNBALANCED_CONDITIONAL';
    conditions.toggle();
    return undefined;
  }),
  [OP.OP_ENDIF]: needs(0, ({ conditions }) => {
    if (conditions.closed) return 'UNBALANCED_CONDITIONAL';
    conditions.close();
    return undefined;
  }),
  [OP.OP_VERIFY]: needs(1, (machine) => {
    if (!isTrue(machine.item(1))) return 'VERIFY';
    machine.drop(1);
    return undefined;
  }),
  [OP.OP_RETURN]: needs(0, () => 'OP_RETURN'),
  [OP.OP_NOP1]: upgradableNop,
  [OP.OP_NOP4]: upgradableNop,
  [OP.OP_NOP5]: upgradableNop,
  [OP.OP_NOP6]: upgradableNop,
  [OP.OP_NOP7]: upgradableNop,
  [OP.OP_NOP8]: upgradableNop,
  [OP.OP_NOP9]: upgradableNop,
  [OP.OP_NOP10]: upgradableNop,
};
