import { inSlices, runSteps, type Steps } from '../util/steps.ts';
import type { Hash256 } from './hash.ts';
import { OutPointIndex } from './outPointIndex.ts';
import { TXS_PER_STEP, type Tx } from './tx.ts';

/** How the transactions of a block hang together. Inputs and outputs are numbered through the block, in its order. */
export interface BlockLinks {
  /** For every transaction the number of its first input; at the end the count of all inputs. */
  readonly firstInput: Int32Array;
  /** For every transaction the number of its first output; at the end the count of all outputs. */
  readonly firstOutput: Int32Array;
  /** For every input the index of the earlier transaction of the block that its prevout names, or FROM_OUTSIDE. */
  readonly makers: Int32Array;
}

/** The input spends no output of a transaction before its own in the block. */
export const FROM_OUTSIDE = -1;

/** One look at the ids of all transactions and prevouts. `blockHash` salts the look-ups. */
export function linkBlock(txs: readonly Tx[], blockHash: Hash256): BlockLinks {
  return runSteps(linkingBlock(txs, blockHash));
}

/** linkBlock in steps. */
export function* linkingBlock(txs: readonly Tx[], blockHash: Hash256): Steps<BlockLinks> {
  const firstInput = new Int32Array(txs.length + 1);
  const firstOutput = new Int32Array(txs.length + 1);
  for (let i = 0; i < txs.length; i++) {
    const { inputs, outputs } = txs[i] as Tx;
    firstInput[i + 1] = (firstInput[i] as number) + inputs.length;
    firstOutput[i + 1] = (firstOutput[i] as number) + outputs.length;
  }
  const makers = new Int32Array(firstInput[txs.length] as number);
  // Whole transactions: all filed under index 0.
  const earlier = new OutPointIndex(txs.length, blockHash);
  let at = 0;
  yield* inSlices(txs.length, TXS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) {
      const tx = txs[i] as Tx;
      for (const { prevout } of tx.inputs) makers[at++] = earlier.get(prevout.txid, 0) ?? FROM_OUTSIDE;
      earlier.add(tx.txid, 0, i);
    }
  });
  return { firstInput, firstOutput, makers };
}
