import { FLOW_OPERATIONS } from './flowOps.ts';
import { HASH_OPERATIONS } from './hashOps.ts';
import { LOCK_TIME_OPERATIONS } from './lockTimeOps.ts';
import { MULTISIG_OPERATIONS } from './multisigOps.ts';
import { NUMBER_OPERATIONS } from './numberOps.ts';
import type { Operation } from './operation.ts';
import { PUSH_OPERATIONS } from './pushOps.ts';
import { SIGNATURE_OPERATIONS } from './signatureOps.ts';
import { STACK_OPERATIONS } from './stackOps.ts';

const table: (Operation | undefined)[] = new Array(256).fill(undefined);
for (const group of [
  PUSH_OPERATIONS,
  FLOW_OPERATIONS,
  STACK_OPERATIONS,
  NUMBER_OPERATIONS,
  HASH_OPERATIONS,
  LOCK_TIME_OPERATIONS,
  SIGNATURE_OPERATIONS,
  MULTISIG_OPERATIONS,
])
  for (const [opcode, operation] of Object.entries(group)) table[Number(opcode)] = operation;

/** What each opcode above OP_PUSHDATA4 does; undefined for those that no script may execute (BAD_OPCODE). */
export const OPERATIONS: readonly (Operation | undefined)[] = table;
