import assert from 'node:assert/strict';
import { Turns } from '../../src/util/turns.ts';

/** An event loop that turns when told, and a clock that stands still meanwhile. */
function setUp() {
  const loop = { soon: [] as (() => void)[], nowMs: 1000, called: 0 };
  const turns = new Turns({
    soon: (fn) => {
      loop.called++;
      loop.soon.push(fn);
    },
    monotonicMs: () => loop.nowMs,
    budgetMs: 6,
  });
  /** One turn: what was called before it runs, and then all that follows from it. */
  const turn = async (): Promise<void> => {
    for (const fn of loop.soon.splice(0)) fn();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { loop, turns, turn };
}

describe('util/Turns', () => {
  it('lets one waiter go on per turn, in the order they came', async () => {
    const { turns, turn, loop } = setUp();
    const gone: number[] = [];
    for (let i = 0; i < 4; i++) void turns.next().then(() => gone.push(i));
    assert.deepEqual(gone, []);
    for (let i = 0; i < 4; i++) {
      await turn();
      assert.deepEqual(gone, [0, 1, 2, 3].slice(0, i + 1));
    }
    await turn();
    assert.equal(loop.soon.length, 0, 'a loop without waiters may rest');
  });

  it('whoever waits again stands behind those who wait: nobody starves', async () => {
    const { turns, turn } = setUp();
    const gone: string[] = [];
    const busy = async (name: string): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await turns.next();
        gone.push(name);
      }
    };
    void busy('a');
    void busy('b');
    void turns.next().then(() => gone.push('late'));
    for (let i = 0; i < 7; i++) await turn();
    assert.deepEqual(gone, ['a', 'b', 'late', 'a', 'b', 'a', 'b']);
  });

  it('asks for the next turn once, however many wait', async () => {
    const { turns, turn, loop } = setUp();
    for (let i = 0; i < 10; i++) void turns.next();
    assert.equal(loop.called, 1);
    await turn();
    assert.equal(loop.called, 2);
  });

  it('a pause is none while the turn is young, whoever asks, and a turn of its own afterwards', async () => {
    const { turns, turn, loop } = setUp();
    void turns.next();
    await turn();
    assert.equal(turns.pause(), undefined);
    loop.nowMs += 5;
    assert.equal(turns.pause(), undefined);
    loop.nowMs += 1;
    const wait = turns.pause();
    assert.ok(wait instanceof Promise);
    await turn();
    await wait;
    assert.equal(turns.pause(), undefined, 'the new turn is young again');
  });

  it('work that began outside of a turn waits for one', () => {
    const { turns } = setUp();
    assert.ok(turns.pause() instanceof Promise);
  });
});
