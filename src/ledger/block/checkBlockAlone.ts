import type { Block } from '../../primitives/block.ts';
import { displayHash } from '../../primitives/hash.ts';
import { MAX_BLOCK_SIGOP_COST, MAX_BLOCK_WEIGHT } from '../../primitives/limits.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import { TXS_PER_STEP, type Tx, WITNESS_SCALE } from '../../primitives/tx.ts';
import { legacySigOpCount } from '../../script/sigops.ts';
import { equalBytes } from '../../util/bytes.ts';
import { inSlices, runSteps, type Steps } from '../../util/steps.ts';
import { checkTxAlone } from '../tx/checkTxAlone.ts';

/** The header's merkle root is that of the transactions, and no pair of equal nodes hides a mutated list (CVE-2012-2459). */
function* checkMerkleRoot(block: Block): Steps<Check> {
  const { root, mutated } = yield* block.makingTxRoot();
  if (!equalBytes(root, block.header.merkleRoot))
    return broken('bad-txnmrklroot', `transactions have root ${displayHash(root)}`);
  if (mutated) return broken('bad-txns-duplicate', 'equal neighbours in the merkle tree: the list may be mutated');
  return PASSED;
}

/** At least one transaction, and the stripped block within a quarter of the weight limit (Bitcoin Core CheckBlock). */
function checkLength(block: Block): Check {
  const count = block.txs.length;
  if (count === 0) return broken('bad-blk-length', 'no transactions');
  if (count * WITNESS_SCALE > MAX_BLOCK_WEIGHT || block.strippedSize * WITNESS_SCALE > MAX_BLOCK_WEIGHT)
    return broken('bad-blk-length', `${count} transactions, ${block.strippedSize} bytes without witnesses`);
  return PASSED;
}

/** The first transaction and only the first is a coinbase. */
function checkCoinbasePlace(block: Block): Check {
  if (block.txs[0]?.isCoinbase !== true) return broken('bad-cb-missing', 'first transaction is not a coinbase');
  const second = block.txs.findIndex((tx, i) => i > 0 && tx.isCoinbase);
  return second < 0 ? PASSED : broken('bad-cb-multiple', `transaction ${second} is a second coinbase`);
}

/** Every transaction passes alone. */
function* checkTxs({ txs }: Block): Steps<Check> {
  const found = yield* inSlices(txs.length, TXS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) {
      const tx = txs[i] as Tx;
      const verdict = checkTxAlone(tx);
      if (!verdict.ok) return broken(verdict.rule, `transaction ${tx.id}: ${verdict.detail}`);
    }
    return undefined;
  });
  return found ?? PASSED;
}

/** Legacy signature operations, counted four times each, within the limit (Bitcoin Core CheckBlock). */
function* checkLegacySigOps({ txs }: Block): Steps<Check> {
  let count = 0;
  yield* inSlices(txs.length, TXS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) count += legacySigOpCount(txs[i] as Tx);
  });
  if (count * WITNESS_SCALE <= MAX_BLOCK_SIGOP_COST) return PASSED;
  return broken('bad-blk-sigops', `out-of-bounds SigOpCount: ${count} legacy signature operations`);
}

const CHECKS = [checkMerkleRoot, checkLength, checkCoinbasePlace, checkTxs, checkLegacySigOps] as const;

/**
 * Every rule that needs the block alone, in Bitcoin Core's order (validation.cpp CheckBlock). The header is judged by
 * consensus. 'bad-txnmrklroot' and 'bad-txns-duplicate' say that this copy does not belong to its header.
 */
export function checkBlockAlone(block: Block): Check {
  return runSteps(checkingBlockAlone(block));
}

/** checkBlockAlone in steps. */
export function* checkingBlockAlone(block: Block): Steps<Check> {
  for (const check of CHECKS) {
    const begun = check(block);
    const verdict = 'ok' in begun ? begun : yield* begun;
    if (!verdict.ok) return verdict;
  }
  return PASSED;
}
