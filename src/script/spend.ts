import type { Tx, TxIn, TxOut } from '../primitives/tx.ts';

/** One input and what it spends: all that scripts and signatures can see of the world. */
export interface Spend {
  readonly tx: Tx;
  readonly index: number;
  /** The outputs that all inputs of `tx` spend, in order. The same array for all inputs, so that their hashes are made once. */
  readonly spent: readonly TxOut[];
}

export function inputOf({ tx, index }: Spend): TxIn {
  return tx.inputs[index] as TxIn;
}

export function spentOutput({ spent, index }: Spend): TxOut {
  return spent[index] as TxOut;
}
