import assert from 'node:assert/strict';
import { loadConfig } from '../../src/app/config/load.node.ts';
import { Pruner, pruneModeOf } from '../../src/app/pruner.ts';
import type { PruneGoal } from '../../src/chain/pruning.ts';
import { Emitter } from '../../src/util/events.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { silentLogger } from '../../src/util/ports.ts';

const config = (flags: Record<string, unknown>) =>
  loadConfig({ file: null, flags: flags as never, env: {}, cwd: '/' }).values;

describe('app: pruning', () => {
  it('0 is off, 1 manual, 550 and more a target in MiB; nothing else is taken', () => {
    assert.deepEqual(pruneModeOf(0), { kind: 'off' });
    assert.deepEqual(pruneModeOf(1), { kind: 'manual' });
    assert.deepEqual(pruneModeOf(550), { kind: 'automatic', bytes: 576_716_800 });
    for (const value of ['-1', '2', '549', '1.5']) assert.throws(() => config({ prune: value }), /at least 550/);
  });

  it('switches txindex off where nobody asked for it, and refuses both together', () => {
    assert.equal(config({}).txindex, true);
    assert.equal(config({ prune: '1' }).txindex, false);
    assert.equal(config({ prune: '550', txindex: 'false' }).txindex, false);
    assert.throws(() => config({ prune: '1', txindex: 'true' }), /incompatible with txindex/);
    assert.throws(() => config({ prune: '1', role: 'light' }), /keeps no blocks/);
  });

  it('prunes when all files take more than the target, once per new file or 72 blocks', async () => {
    const goals: PruneGoal[] = [];
    const events = new Emitter<{ tip: unknown }>();
    const bodies = new Map([[0, 50]]);
    const undo = new Map([[0, 10]]);
    const lifetime = new Lifetime();
    let height = 1000;
    new Pruner({
      chain: {
        events: events as never,
        prunedBelow: () => 1,
        tip: () => ({ height }) as never,
        prune: async (goal) => {
          goals.push(goal);
          return { files: 0, bytes: 0 };
        },
      },
      store: { fileSizes: () => ({ bodies, undo }) },
      ...{ bytes: 100, log: silentLogger, lifetime, fail: (error) => assert.fail(String(error)) },
    });
    const tip = async (): Promise<void> => {
      events.emit('tip', undefined);
      await new Promise((resolve) => setImmediate(resolve));
    };
    await tip();
    assert.equal(goals.length, 0);
    bodies.set(0, 95).set(1, 20);
    await tip();
    await tip();
    assert.deepEqual(goals, [{ upTo: Number.POSITIVE_INFINITY, keepBytes: 100 }]);
    undo.set(1, 5);
    await tip();
    assert.equal(goals.length, 2);
    // What was too new to be deleted gets old without a new file.
    height = 1071;
    await tip();
    assert.equal(goals.length, 2);
    height = 1072;
    await tip();
    await tip();
    assert.equal(goals.length, 3);
    await lifetime.close();
    bodies.set(2, 5);
    await tip();
    assert.equal(goals.length, 3);
  });
});
