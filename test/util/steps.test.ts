import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inSlices, runSteps, type Steps, walkSteps } from '../../src/util/steps.ts';

/** How often the steps ended before they were done. */
function countSteps(steps: Steps<unknown>): number {
  let n = 0;
  while (steps.next().done !== true) n++;
  return n;
}

describe('util/steps', () => {
  it('slices cover everything once and in order, and a step ends before each when there are several', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.integer({ min: 1, max: 60 }), (count, size) => {
        const seen: number[] = [];
        const widths: number[] = [];
        const steps = countSteps(
          inSlices(count, size, (from, to) => {
            widths.push(to - from);
            for (let i = from; i < to; i++) seen.push(i);
          }),
        );
        assert.deepEqual(
          seen,
          Array.from({ length: count }, (_, i) => i),
        );
        assert.ok(widths.every((width) => width > 0 && width <= size));
        assert.equal(steps, count > size ? widths.length : 0);
      }),
    );
  });

  it('what a slice returns ends them', () => {
    const seen: number[] = [];
    const found = runSteps(
      inSlices(10, 2, (from) => {
        seen.push(from);
        return from === 4 ? 'found' : undefined;
      }),
    );
    assert.equal(found, 'found');
    assert.deepEqual(seen, [0, 2, 4]);
  });

  it('a walk waits where a pause is wanted and only there, and gives what all steps at once give', async () => {
    const order: string[] = [];
    let asked = 0;
    function* work(): Steps<string> {
      for (const name of ['a', 'b', 'c']) {
        order.push(name);
        yield;
      }
      return 'done';
    }
    const pause = (): Promise<void> | undefined => {
      if (++asked !== 2) return undefined;
      return Promise.resolve().then(() => void order.push('paused'));
    };
    assert.equal(await walkSteps(work(), pause), 'done');
    assert.deepEqual(order, ['a', 'b', 'paused', 'c']);
    assert.equal(asked, 3);
    assert.equal(runSteps(work()), 'done');
    assert.equal(await walkSteps(work()), 'done');
  });

  it('what a step throws, all throw', async () => {
    // biome-ignore lint/correctness/useYield: it fails before
    function* broken(): Steps<void> {
      throw new Error('broken');
    }
    assert.throws(() => runSteps(broken()), /broken/);
    await assert.rejects(walkSteps(broken()), /broken/);
  });
});
