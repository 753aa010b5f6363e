import assert from 'node:assert/strict';
import { checkBlockAlone, checkingBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import {
  checkBlockInHeaderContext,
  checkingBlockInHeaderContext,
} from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock, connectingBlock } from '../../src/ledger/block/connectBlock.ts';
import type { CoinMap } from '../../src/ledger/utxoOverlay.ts';
import { Block, decodeSealedBlock, decodingSealedBlock, encodeSealedBlock } from '../../src/primitives/block.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import type { Check } from '../../src/primitives/rules.ts';
import { TXS_PER_STEP, type Tx } from '../../src/primitives/tx.ts';
import { DecodeError } from '../../src/util/codec.ts';
import type { Steps } from '../../src/util/steps.ts';
import {
  accepted,
  blockAt,
  coinsAt,
  contextAt,
  freshOutPoint,
  input,
  output,
  refused,
  tx,
  withTxs,
} from './fixture.ts';

const HEIGHT = 150;
/** Three slices, the last one short. */
const COUNT = 2 * TXS_PER_STEP + 50;
const CHECKSIG = 0xac;

/** Steps, and what they came to. */
function counted<T>(steps: Steps<T>): { readonly steps: number; readonly value: T } {
  for (let n = 0; ; n++) {
    const step = steps.next();
    if (step.done === true) return { steps: n, value: step.value };
  }
}

function payments(): { readonly txs: Tx[]; readonly view: () => CoinMap; readonly prevouts: OutPoint[] } {
  const prevouts = Array.from({ length: COUNT }, () => freshOutPoint());
  const txs = prevouts.map((prevout) => tx({ inputs: [input(prevout)] }));
  return { txs, prevouts, view: () => coinsAt(prevouts.map((prevout) => [prevout, 1000n])) };
}

describe('ledger: large blocks in steps', () => {
  it('rules of a body: several steps, and the verdict of all at once', () => {
    const block = blockAt(HEIGHT, { txs: payments().txs });
    for (const [steps, verdict] of [
      [checkingBlockAlone(new Block(block.header, block.txs)), checkBlockAlone(block)],
      [checkingBlockInHeaderContext(block, contextAt(HEIGHT)), checkBlockInHeaderContext(block, contextAt(HEIGHT))],
    ] as const) {
      const run = counted(steps as Steps<Check>);
      assert.deepEqual(run.value, verdict);
      accepted(run.value);
    }
    // Ids, transactions, signature operations: three slices each.
    assert.equal(counted(checkingBlockAlone(new Block(block.header, block.txs))).steps, 9);
  });

  it('a fault in the last slice is found, and sums go over all slices', () => {
    const { txs } = payments();
    const last = (bad: Tx): Block => withTxs(blockAt(HEIGHT), [...blockAt(HEIGHT).txs, ...txs.slice(1), bad]);
    refused(checkBlockAlone(last(tx({ outputs: [output(-1n)] }))), 'bad-txns-vout-negative');
    refused(
      checkBlockAlone(last(tx({ inputs: [input({ txid: new Uint8Array(32), index: 0xffffffff })] }))),
      'bad-cb-multiple',
    );
    refused(
      checkBlockInHeaderContext(
        last(tx({ lockTime: HEIGHT, inputs: [input(freshOutPoint(), { sequence: 0 })] })),
        contextAt(HEIGHT),
      ),
      'bad-txns-nonfinal',
    );
    // 20,000 signature operations are allowed: some in each slice.
    const ops = (n: number): Tx => tx({ outputs: [output(1n, new Uint8Array(n).fill(CHECKSIG))] });
    const spread = (n: number): Block =>
      blockAt(HEIGHT, {
        txs: [...txs.slice(0, 150), ops(9000), ...txs.slice(150, 300), ops(6000), ...txs.slice(300), ops(n)],
      });
    accepted(checkBlockAlone(spread(5000)));
    refused(checkBlockAlone(spread(5001)), 'bad-blk-sigops');
  });

  it('connecting: several steps, and what all at once come to', () => {
    const { txs, view } = payments();
    const block = blockAt(HEIGHT, { txs });
    const run = counted(connectingBlock(block, view(), contextAt(HEIGHT)));
    // Links, transactions, coins made.
    assert.equal(run.steps, 9);
    assert.deepEqual(run.value, connectBlock(block, view(), contextAt(HEIGHT)));
    const { diff, scriptJobs } = accepted(run.value);
    assert.deepEqual([diff.spent.length, diff.added.length, scriptJobs.length], [COUNT, COUNT + 1, COUNT]);
  });

  it('a coin spent in the first slice is gone in the last, and one made in the first is there', () => {
    const { txs, view, prevouts } = payments();
    const again = tx({ inputs: [input(prevouts[0] as OutPoint)], outputs: [output(999n)] });
    refused(
      connectBlock(blockAt(HEIGHT, { txs: [...txs, again] }), view(), contextAt(HEIGHT)),
      'bad-txns-inputs-missingorspent',
    );
    const child = tx({ inputs: [input({ txid: (txs[0] as Tx).txid, index: 0 })] });
    const { diff } = accepted(connectBlock(blockAt(HEIGHT, { txs: [...txs, child] }), view(), contextAt(HEIGHT)));
    assert.equal(diff.added.length, COUNT + 1);
  });

  it('decoding: several steps; what is cut off is missed in the last', () => {
    const bytes = encodeSealedBlock(blockAt(HEIGHT, { txs: payments().txs }));
    const run = counted(decodingSealedBlock(bytes));
    assert.equal(run.steps, 3);
    assert.deepEqual(encodeSealedBlock(run.value), bytes);
    const cut = decodingSealedBlock(bytes.subarray(0, -1));
    for (let i = 0; i < 3; i++) assert.equal(cut.next().done, false);
    assert.throws(() => cut.next(), DecodeError);
    assert.throws(() => decodeSealedBlock(Uint8Array.of(...bytes, 0)), DecodeError);
  });
});
