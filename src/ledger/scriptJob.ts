import type { Tx, TxOut } from '../primitives/tx.ts';

/** One input whose script must be checked. */
export interface ScriptJob {
  readonly tx: Tx;
  readonly inputIndex: number;
  /** Outputs spent by all inputs of the transaction, in order. */
  readonly spent: readonly TxOut[];
  /** Script verification flags (script/flags.ts). */
  readonly flags: number;
}
