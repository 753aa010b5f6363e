import { type Tx, type TxIn, type TxOut, WITNESS_SCALE } from '../../primitives/tx.ts';
import { SCRIPT_FLAGS } from '../../script/flags.ts';
import { legacySigOpCount, p2shSigOpCount, witnessSigOpCost } from '../../script/sigops.ts';

/**
 * Signature operation cost of a transaction (BIP141; Bitcoin Core GetTransactionSigOpCost): legacy and P2SH operations
 * count four times, witness operations once. `spent`: outputs of all inputs in order, ignored for a coinbase.
 */
export function txSigOpCost(tx: Tx, spent: readonly TxOut[], flags: number): number {
  let cost = legacySigOpCount(tx) * WITNESS_SCALE;
  if (tx.isCoinbase) return cost;
  if ((flags & SCRIPT_FLAGS.P2SH) !== 0) cost += p2shSigOpCount(tx, spent) * WITNESS_SCALE;
  for (let i = 0; i < tx.inputs.length; i++) {
    const { scriptSig, witness } = tx.inputs[i] as TxIn;
    cost += witnessSigOpCost(scriptSig, (spent[i] as TxOut).scriptPubKey, witness, flags);
  }
  return cost;
}
