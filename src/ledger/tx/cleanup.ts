import { NODE_PAIR_SIZE } from '../../primitives/merkle.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import type { Tx, TxOut } from '../../primitives/tx.ts';
import { countSigOps, p2shSigOps } from '../../script/sigops.ts';

/** Rules of BIP54 (consensus cleanup) about single transactions. They hold on networks with `bip54`. */

/** A transaction has not the size of two merkle nodes, 64 bytes without witness (BIP54). */
export function checkNoNodeSize(tx: Tx): Check {
  if (tx.strippedSize !== NODE_PAIR_SIZE) return PASSED;
  return broken('bad-txns-size', `transaction ${tx.id} has ${NODE_PAIR_SIZE} bytes without witness`);
}

/** BIP54: signature operations outside witnesses that the inputs of one transaction may run. */
export const MAX_TX_LEGACY_SIGOPS = 2500;

/**
 * Legacy signature operations that verifying the transaction may execute (BIP54): in every input script, in the script it
 * spends and in its redeem script. Multisigs count the keys announced before them, else 20. `spent`: outputs that the
 * inputs spend, in order.
 */
export function executedLegacySigOps(tx: Tx, spent: readonly TxOut[]): number {
  let count = 0;
  for (const [i, { scriptSig }] of tx.inputs.entries()) {
    const { scriptPubKey } = spent[i] as TxOut;
    // Of a P2SH output only the redeem script has operations: the output's own script has none.
    count += countSigOps(scriptSig, true) + countSigOps(scriptPubKey, true) + p2shSigOps(scriptSig, scriptPubKey);
  }
  return count;
}

/** The inputs run at most 2500 legacy signature operations (BIP54). Not for coinbases: they spend nothing. */
export function checkLegacySigOps(tx: Tx, spent: readonly TxOut[]): Check {
  const count = executedLegacySigOps(tx, spent);
  if (count <= MAX_TX_LEGACY_SIGOPS) return PASSED;
  return broken('bad-txns-legacy-sigops', `${count} legacy signature operations, at most ${MAX_TX_LEGACY_SIGOPS}`);
}
