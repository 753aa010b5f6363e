import { type Tx, type TxOut, WITNESS_SCALE } from '../../primitives/tx.ts';
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
  for (const [i, input] of tx.inputs.entries()) {
    const { scriptPubKey } = spent[i] as TxOut;
    cost += witnessSigOpCost(input.scriptSig, scriptPubKey, input.witness, flags);
  }
  return cost;
}
