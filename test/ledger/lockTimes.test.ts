import { strict as assert } from 'node:assert';
import { lockTimePoint } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { checkTxInHeaderContext, isFinalTx } from '../../src/ledger/tx/checkTxInHeaderContext.ts';
import { checkSequenceLocks, sequenceLocks } from '../../src/ledger/tx/sequenceLocks.ts';
import { accepted, contextAt, freshOutPoint, input, refused, tx, withHeights } from './fixture.ts';

const locked = (lockTime: number, ...sequences: number[]) =>
  tx({ lockTime, inputs: sequences.map((sequence) => input(freshOutPoint(), { sequence })) });

describe('ledger: absolute lock times', () => {
  const at = { height: 100, time: 1_600_000_000 };

  it("'non-final': a height is passed when the block is above it", () => {
    accepted(checkTxInHeaderContext(locked(99, 0), at));
    refused(checkTxInHeaderContext(locked(100, 0), at), 'non-final');
    refused(checkTxInHeaderContext(locked(499_999_999, 0), at), 'non-final');
  });

  it("'non-final': from 500,000,000 on it is a time, passed when earlier", () => {
    accepted(checkTxInHeaderContext(locked(500_000_000, 0), at));
    accepted(checkTxInHeaderContext(locked(1_599_999_999, 0), at));
    refused(checkTxInHeaderContext(locked(1_600_000_000, 0), at), 'non-final');
    refused(checkTxInHeaderContext(locked(0xffffffff, 0), at), 'non-final');
  });

  it('zero is always passed, and final sequences on every input switch the lock off', () => {
    assert.equal(isFinalTx(locked(0, 0), { height: 0, time: 0 }), true);
    assert.equal(isFinalTx(locked(500, 0xffffffff, 0xffffffff), at), true);
    assert.equal(isFinalTx(locked(500, 0xffffffff, 0xfffffffe), at), false);
  });

  it('blocks compare with the median time past from BIP113 on, before with their own time', () => {
    const params = withHeights({ csv: 50 });
    assert.deepEqual(lockTimePoint(2000, contextAt(49, params, 1000)), { height: 49, time: 2000 });
    assert.deepEqual(lockTimePoint(2000, contextAt(50, params, 1000)), { height: 50, time: 1000 });
  });
});

describe('ledger: relative lock times (BIP68)', () => {
  const TIME = 1 << 22;
  const DISABLED = 0x80000000;
  const spend = (sequence: number, version = 2) => tx({ version, inputs: [input(freshOutPoint(), { sequence })] });
  const medianAt = (height: number) => 1000 * height;

  it('blocks: a coin of height 10 with length 5 is free in block 15, not in 14', () => {
    assert.deepEqual(sequenceLocks(spend(5), [{ height: 10 }], medianAt), { height: 14, time: -1 });
    accepted(checkSequenceLocks(spend(5), [{ height: 10 }], contextAt(15)));
    refused(checkSequenceLocks(spend(5), [{ height: 10 }], contextAt(14)), 'non-BIP68-final');
  });

  it('time: units of 512 s from the median time before the coin’s block', () => {
    assert.deepEqual(sequenceLocks(spend(TIME | 3), [{ height: 10 }], medianAt), { height: -1, time: 9000 + 1536 - 1 });
    const ctx = (median: number) => ({ ...contextAt(12), medianTimePast: median, medianTimeAt: medianAt });
    accepted(checkSequenceLocks(spend(TIME | 3), [{ height: 10 }], ctx(9000 + 1536)));
    refused(checkSequenceLocks(spend(TIME | 3), [{ height: 10 }], ctx(9000 + 1535)), 'non-BIP68-final');
  });

  it('a genesis coin counts from genesis itself', () => {
    assert.equal(sequenceLocks(spend(TIME), [{ height: 0 }], medianAt).time, -1);
    assert.equal(sequenceLocks(spend(TIME | 1), [{ height: 0 }], medianAt).time, 511);
  });

  it('length zero locks to the coin’s own block, which is passed already', () => {
    accepted(checkSequenceLocks(spend(0), [{ height: 10 }], contextAt(10)));
  });

  it('only the lowest 16 bits are the length', () => {
    assert.equal(sequenceLocks(spend(0x003f0005), [{ height: 10 }], medianAt).height, 14);
    assert.equal(sequenceLocks(spend(0xffff), [{ height: 10 }], medianAt).height, 10 + 0xffff - 1);
  });

  it('off: the disable bit, and versions 0 and 1; negative versions count as high ones', () => {
    for (const t of [spend(DISABLED | 100), spend(100, 1), spend(100, 0)])
      assert.deepEqual(sequenceLocks(t, [{ height: 10 }], medianAt), { height: -1, time: -1 });
    assert.equal(sequenceLocks(spend(100, -1), [{ height: 10 }], medianAt).height, 109);
  });

  it('the strictest of all inputs counts, for height and time apart', () => {
    const t = tx({
      inputs: [3, 9, TIME | 2, TIME | 1, DISABLED | 99].map((sequence) => input(freshOutPoint(), { sequence })),
    });
    const coins = [10, 5, 20, 30, 40].map((height) => ({ height }));
    assert.deepEqual(sequenceLocks(t, coins, medianAt), { height: 13, time: 29_000 + 512 - 1 });
  });
});
