import { strict as assert } from 'node:assert';
import { mineChain } from '../chain/regtestMiner.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

describe('sync: a node whose disk is nearly full', () => {
  let clock: SimClock;
  let sim: SimNet;
  let full: SimNode;
  let short: SimNode;
  let paused: string | undefined;

  beforeEach(async () => {
    clock = new SimClock();
    sim = new SimNet(clock);
    paused = undefined;
    full = await SimNode.open(sim, 'full');
    short = await SimNode.open(sim, 'short', { paused: () => paused });
  });
  afterEach(async () => {
    await full.close();
    await short.close();
    assert.deepEqual([...full.failures, ...short.failures], []);
    assert.deepEqual([...full.net.penalties, ...short.net.penalties], []);
  });

  it('takes headers and no blocks, says why, and does not take itself for synced', async () => {
    paused = 'disk space is low';
    await full.load(mineChain(full.chain.tip(), 50));
    sim.connect('short', 'full');
    await clock.run(300_000);
    assert.equal(short.height, 0);
    assert.equal(short.chain.bestHeader().height, 50);
    assert.equal(short.sync.progress.info().stalledReason, paused);
    assert.equal(short.sync.progress.synced(), false);
    assert.deepEqual(short.sync.blocks.load(), { asked: 0, held: 0, heldBytes: 0 });
  });

  it('a download under way stops within the blocks that were asked for, and goes on by itself', async () => {
    await full.load(mineChain(full.chain.tip(), 200));
    sim.connect('short', 'full');
    await clock.until(() => short.height > 20, 10_000);
    paused = 'disk space is low';
    await clock.run(5_000);
    const { height } = short;
    await clock.run(60_000);
    assert.equal(short.height, height);
    assert.ok(height < 200);
    paused = undefined;
    await clock.until(() => short.height === 200, 5_000, 'the rest');
    assert.equal(short.tipId, full.tipId);
  });

  it('a block that gossip brings is neither kept nor passed on nor blamed; its header stays, and later it is fetched', async () => {
    sim.connect('short', 'full');
    await clock.run(1_000);
    paused = 'disk space is low';
    await full.mine(3);
    await clock.run(20_000);
    assert.equal(short.height, 0);
    assert.equal(short.chain.bestHeader().height, 3);
    paused = undefined;
    await clock.until(() => short.tipId === full.tipId, 5_000, 'the blocks');
  });
});
