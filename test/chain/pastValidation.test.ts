import assert from 'node:assert/strict';
import type { PastValidation } from '../../src/chain/pastValidation.ts';
import { SnapshotRefutedError } from '../../src/chain/snapshotBase.ts';
import { COIN_COUNT_KEY, PAST_AGAIN_KEY, PREFIX, rangeOf } from '../../src/store/schema.ts';
import { DiskFault, FaultyDisk } from '../store/faultyDisk.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { assertTrue, describePastCrashes, loadedDisk, reopen } from './pastCrashes.ts';
import { acceptAll, openChain, type TestChain } from './setup.ts';
import {
  BASE,
  bent,
  hashOf,
  load,
  newNode,
  openCoins,
  openPast,
  type Story,
  scripts,
  tellStory,
  validate,
} from './snapshotStory.ts';

/** Runs until the block at `height` is connected. */
async function connectTo(height: number, past: PastValidation): Promise<void> {
  const run = past.run();
  while (past.tip.height < height) await new Promise((resolve) => setImmediate(resolve));
  past.stop();
  assert.equal(await run, 'stopped');
}

// Some crashes here; test/long has one at every write.
describePastCrashes(false);

describe('the validation of the past of a snapshot', () => {
  let story: Story;
  /** A node that has loaded the snapshot, and all bodies below. */
  let loaded: MemoryDisk;
  before(async () => {
    story = await tellStory();
    loaded = await loadedDisk(story);
  });

  const isTrue = (disk: MemoryDisk, what: string): Promise<void> => assertTrue(disk, story, what);

  it('flushes in slices that a crash may cut, and goes on without running a script twice', async () => {
    const disk = await loaded.clone();
    const past = new MemoryDisk();
    const node = await reopen(disk);
    scripts.run = 0;
    const faulty = new FaultyDisk(past.kv, past.fs);
    const first = await validate(node, past, { kv: faulty.kv });
    faulty.failAt(60, 'gone');
    await assert.rejects(first.run(), DiskFault);
    const before = first.tip.height;
    const coins = await openCoins(node.store, past);
    assert.ok((await coins?.interruptedFlush()) !== undefined, 'the crash hit a flush');
    const again = await validate(node, past);
    assert.ok(again.tip.height > 0 && again.tip.height <= before);
    assert.equal(await again.run(), 'judged');
    assert.equal(scripts.run, 3);
    await isTrue(disk, 'after a cut flush');
  });

  it('keeps coins in memory as long as there is room', async () => {
    const past = new MemoryDisk();
    const opened = await validate(await reopen(await loaded.clone()), past, { large: true, upTo: BASE - 1 });
    const before = past.writes;
    await connectTo(BASE - 1, opened);
    assert.equal(past.writes, before);
  });

  describe('with coins of an earlier run that are not whole', () => {
    /** A past whose coins reach to the base, and lack one. */
    async function torn(disk: MemoryDisk): Promise<{ node: TestChain; past: MemoryDisk }> {
      const past = new MemoryDisk();
      const node = await reopen(disk);
      await connectTo(BASE - 1, await validate(node, past, { upTo: BASE - 1 }));
      for await (const [key] of past.kv.iterate(rangeOf(PREFIX.COIN))) {
        await past.kv.batch([{ type: 'del', key }], { sync: true });
        break;
      }
      return { node, past };
    }

    it('doubts them before it refutes the snapshot, and finds it true when they begin again', async () => {
      const disk = await loaded.clone();
      const { node, past } = await torn(disk);
      const doubting = await validate(node, past);
      assert.equal(await doubting.run(), 'doubted');
      assert.match(doubting.doubt as string, /lead to coins with hash|breaks a rule/);
      assert.equal(node.chain.halted, undefined);
      assert.equal(node.chain.snapshot.base?.height, BASE);
      assert.equal(await (await validate(node, new MemoryDisk())).run(), 'judged');
      await isTrue(disk, 'after a doubt');
    });

    it('believes those that began again already, unless some went missing', async () => {
      const { node, past } = await torn(await loaded.clone());
      await past.kv.batch([{ type: 'put', key: PAST_AGAIN_KEY, value: new Uint8Array(0) }], { sync: true });
      const missing = await validate(node, past);
      assert.equal(await missing.run(), 'doubted');
      assert.match(missing.doubt as string, /coins went missing on disk/);
      // One less is what was kept: the same contradiction by whole coins.
      const count = (await past.kv.get(COIN_COUNT_KEY)) as Uint8Array;
      const value = count.map((byte, i) => (i === 0 ? byte - 1 : byte));
      await past.kv.batch([{ type: 'put', key: COIN_COUNT_KEY, value }], { sync: true });
      assert.equal(await (await validate(node, past)).run(), 'judged');
      assert.ok(node.chain.halted?.cause instanceof SnapshotRefutedError);
    });

    it('does not use those that were written without flushes', async () => {
      const { node, past } = await torn(await loaded.clone());
      await past.kv.batch([{ type: 'del', key: COIN_COUNT_KEY }], { sync: true });
      assert.equal(await openCoins(node.store, past), undefined);
    });

    it('does not use those of a block that is not below the base', async () => {
      const { node, past } = await torn(await loaded.clone());
      const coins = await openCoins(node.store, past);
      await coins?.commit(new Uint8Array(32).fill(7), { spent: [], added: [] });
      await coins?.flush();
      assert.equal(await openPast(node, past), undefined);
    });
  });

  it('refutes a false snapshot in the first run when it connected everything itself, however often it is asked', async () => {
    const lie = story.coins.map((change, i) => (i === 5 ? { ...change, coin: bent(change) } : change));
    const disk = new MemoryDisk();
    const node = await newNode(story, disk);
    await load(node, story, lie, hashOf(lie));
    await acceptAll(node.chain, story.blocks.slice(0, BASE));
    assert.equal(await (await validate(node, new MemoryDisk())).run(), 'judged');
    assert.ok(node.chain.halted?.cause instanceof SnapshotRefutedError);
  });

  it('refutes nothing by coins that went missing while it ran', async () => {
    const past = new MemoryDisk();
    const node = await reopen(await loaded.clone());
    let gone = false;
    // Once the base is connected: what LevelDB makes of a damaged index block.
    const iterate: typeof past.kv.iterate = (range) => {
      const records = past.kv.iterate(range)[Symbol.asyncIterator]();
      gone = true;
      return {
        async *[Symbol.asyncIterator]() {
          await records.next();
          yield* { [Symbol.asyncIterator]: () => records };
        },
      };
    };
    const opened = await validate(node, past, { kv: { ...past.kv, iterate } });
    assert.equal(await opened.run(), 'doubted');
    assert.ok(gone);
    assert.equal(node.chain.halted, undefined);
  });

  it('runs no scripts of blocks that are assumed to be valid, and those of all others', async () => {
    const buried = story.blocks[BASE - 1]?.header.hash;
    assert.ok(buried !== undefined);
    for (const [spacing, expected] of [
      [600, 3],
      // So slow a chain that each block lies two weeks deep once another is on top of it.
      [30 * 24 * 3600, 0],
    ] as const) {
      const assumeValid = { block: buried, minChainWork: 0n, spacing };
      const node = await openChain(await loaded.clone(), { assumeValid });
      scripts.run = 0;
      assert.equal(await (await validate(node, new MemoryDisk())).run(), 'judged');
      assert.equal(scripts.run, expected, `blocks every ${spacing} s`);
    }
  });
});
