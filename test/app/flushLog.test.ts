import assert from 'node:assert/strict';
import { flushLog } from '../../src/app/flushLog.ts';

describe('app: what is told of a flush', () => {
  it('nothing while the node runs or when it is over at once; else the begin, every three seconds, the end', () => {
    let now = 0;
    let isStopping = false;
    const lines: string[] = [];
    const told: string[] = [];
    const progress = flushLog({
      clock: { monotonicMs: () => now },
      log: { info: (_fields, message) => lines.push(message) },
      isStopping: () => isStopping,
      tell: (message) => told.push(message),
    });
    progress(0, 1_000_000);
    isStopping = true;
    progress(0, 5_000);
    assert.deepEqual([lines, told], [[], []]);
    for (const [ms, done] of [
      [10_000, 0],
      [11_000, 100_000],
      [12_900, 200_000],
      [13_000, 300_000],
      [14_000, 400_000],
      [14_100, 1_000_000],
    ] as const) {
      now = ms;
      progress(done, 1_000_000);
    }
    assert.deepEqual(lines, [
      'flushing coins: 0 of 1000000, 0 %',
      'flushing coins: 300000 of 1000000, 30 %',
      'flushing coins: 1000000 of 1000000, 100 %',
    ]);
    assert.equal(told.length, 6);
  });
});
