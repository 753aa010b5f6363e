import { EMPTY } from '../../util/bytes.ts';
import type { ScriptError } from '../errors.ts';
import type { Machine } from './machine.ts';

/** What an opcode does when it is executed. */
export interface Operation {
  /** Items that must be on the stack (INVALID_STACK_OPERATION). */
  readonly needs: number;
  readonly run: (machine: Machine) => ScriptError | undefined;
}

/** Operations by opcode. */
export type OperationTable = Readonly<Record<number, Operation>>;

/** An operation that needs `items` items on the stack. */
export function needs(items: number, run: Operation['run']): Operation {
  return { needs: items, run };
}

export const TRUE: Uint8Array = Uint8Array.of(1);
export const FALSE: Uint8Array = EMPTY;

export function boolItem(value: boolean): Uint8Array {
  return value ? TRUE : FALSE;
}
