import type { Block } from '../../primitives/block.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import { SEQUENCE_FINAL, type Tx } from '../../primitives/tx.ts';
import type { BlockContext } from '../context.ts';
import { checkNoNodeSize } from '../tx/cleanup.ts';

/** Rules of BIP54 (consensus cleanup) about blocks. They hold on networks with `bip54`. */

/** Lock time of the coinbase at `height` (BIP54): unlike the script's height it can be read, and proved, at a fixed place. */
export function coinbaseLockTime(height: number): number {
  return height - 1;
}

/** The coinbase is locked until its own height (BIP54), so that no two blocks can have the same one. */
function checkCoinbaseLockTime(coinbase: Tx, height: number): Check {
  const due = coinbaseLockTime(height);
  if (coinbase.lockTime === due) return PASSED;
  return broken('bad-cb-locktime', `coinbase has lock time ${coinbase.lockTime} where ${due} is due`);
}

/** Its input does not opt out of the lock time (BIP54). */
function checkCoinbaseSequence(coinbase: Tx): Check {
  if (coinbase.inputs[0]?.sequence !== SEQUENCE_FINAL) return PASSED;
  return broken('bad-cb-sequence', 'the sequence number of the coinbase switches its lock time off');
}

/** No transaction, the coinbase included, has the size of two merkle nodes (BIP54). */
function checkTxSizes(block: Block): Check {
  for (const tx of block.txs) {
    const verdict = checkNoNodeSize(tx);
    if (!verdict.ok) return verdict;
  }
  return PASSED;
}

/**
 * BIP54's rules that need the block and its height. The block passed checkBlockAlone, so it has a coinbase: inner merkle
 * nodes read as transactions have none, and breaking a rule here is the fault of the block, not of this copy.
 */
export function checkCleanup(block: Block, ctx: BlockContext): Check {
  if (!ctx.params.bip54) return PASSED;
  const coinbase = block.txs[0] as Tx;
  const lockTime = checkCoinbaseLockTime(coinbase, ctx.height);
  if (!lockTime.ok) return lockTime;
  const sequence = checkCoinbaseSequence(coinbase);
  return sequence.ok ? checkTxSizes(block) : sequence;
}
