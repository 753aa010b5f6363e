import type { Tx, TxOut } from '../primitives/tx.ts';

/** A transaction the scripts of whose inputs, all of them, must be checked. */
export interface ScriptJob {
  readonly tx: Tx;
  /** Outputs spent by all inputs of the transaction, in order. */
  readonly spent: readonly TxOut[];
  /** Script verification flags (script/flags.ts). */
  readonly flags: number;
}
