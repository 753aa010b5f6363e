import assert from 'node:assert/strict';
import { KEEP_BLOCKS } from '../../src/chain/pruning.ts';
import type { Block } from '../../src/primitives/block.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { mine, mineChain, placeOf } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf, type TestChain } from './setup.ts';

const LENGTH = 400;
const EVERYTHING = Number.POSITIVE_INFINITY;
const HIGHEST = LENGTH - KEEP_BLOCKS;

describe('chain: pruning', function () {
  this.timeout(30_000);
  let start: MemoryDisk;
  let blocks: Block[];

  before(async () => {
    start = new MemoryDisk();
    const { chain } = await openChain(start);
    blocks = mineChain(chain.genesis, LENGTH);
    await acceptAll(chain, blocks);
  });

  const heightsWithBody = ({ chain }: TestChain): number[] =>
    Array.from({ length: chain.tip().height + 1 }, (_, h) => h).filter((h) => chain.atHeight(h)?.hasBody === true);

  it('deletes whole files whose blocks are all 288 or more below the tip, and no others', async () => {
    const disk = await start.clone();
    const t = await openChain(disk);
    const before = disk.fileNames.length;
    const size = await t.store.sizeOnDisk();
    assert.equal(t.chain.prunedBelow(), undefined);
    const { files, bytes } = await t.chain.prune({ upTo: EVERYTHING });
    assert.ok(files > 10, `${files} files`);
    assert.equal(disk.fileNames.length, before - files);
    assert.equal(await t.store.sizeOnDisk(), size - bytes);
    const heights = heightsWithBody(t);
    const [lowest] = heights as [number];
    // Whole files: some blocks that could go share one with blocks that stay.
    assert.ok(lowest <= HIGHEST + 1 && lowest > HIGHEST - 10, `lowest ${lowest}`);
    assert.deepEqual(heights.length, LENGTH + 1 - lowest);
    assert.equal(t.chain.prunedBelow(), lowest);
    for (const h of [0, 1, lowest - 1]) {
      const entry = t.chain.atHeight(h);
      assert.ok(entry);
      assert.equal(await t.chain.readBlock(entry), undefined);
      assert.equal(await t.chain.spentCoins(entry), undefined);
      assert.equal(entry.status, 'valid');
      assert.ok(entry.txCount > 0);
    }
    assert.equal(
      (await t.chain.readBlock(t.chain.atHeight(lowest) as never))?.header.id,
      blocks[lowest - 1]?.header.id,
    );
    assert.deepEqual(await t.chain.prune({ upTo: EVERYTHING }), { files: 0, bytes: 0 });
  });

  it('goes on connecting and reorganising, and survives a restart', async () => {
    const disk = await start.clone();
    const t = await openChain(disk);
    await t.chain.prune({ upTo: EVERYTHING });
    const next = mine(t.chain.tip());
    assert.deepEqual(await acceptAll(t.chain, [next]), ['connected']);
    const branch = mineChain(placeOf(blocks[LENGTH - 101] as Block, LENGTH - 100), 103);
    await t.chain.acceptHeaders(branch);
    await acceptAll(t.chain, branch);
    assert.equal(t.chain.tip().header.id, branch.at(-1)?.header.id);
    const again = await openChain(disk);
    assert.equal(again.chain.tip().header.id, t.chain.tip().header.id);
    assert.equal(again.chain.prunedBelow(), t.chain.prunedBelow());
    assert.deepEqual(await coinsOf(again.store), await coinsOf(t.store));
    assert.deepEqual(await acceptAll(again.chain, [mine(again.chain.tip())]), ['connected']);
  });

  it('up to a height, and no further than needed for a size', async () => {
    const disk = await start.clone();
    const t = await openChain(disk);
    await t.chain.prune({ upTo: 40 });
    const lowest = t.chain.prunedBelow() as number;
    assert.ok(lowest > 30 && lowest <= 41, `lowest ${lowest}`);
    const size = await t.store.sizeOnDisk();
    const goal = size - 5000;
    await t.chain.prune({ upTo: EVERYTHING, keepBytes: goal });
    const left = await t.store.sizeOnDisk();
    assert.ok(left <= goal && left > goal - 4000, `${left} of ${goal}`);
    assert.deepEqual(await t.chain.prune({ upTo: EVERYTHING, keepBytes: goal }), { files: 0, bytes: 0 });
  });

  it('deletes nothing of a short chain', async () => {
    const t = await openChain();
    await acceptAll(t.chain, blocks.slice(0, KEEP_BLOCKS));
    const { files } = await t.chain.prune({ upTo: EVERYTHING });
    assert.equal(files, 0);
    assert.equal(t.chain.prunedBelow(), undefined);
  });

  it('a better branch from below the pruned blocks is not followed, and is told', async () => {
    const disk = await start.clone();
    const t = await openChain(disk);
    await t.chain.prune({ upTo: EVERYTHING });
    const tip = t.chain.tip();
    assert.equal(t.chain.unreachableBranch(), undefined);
    const branch = mineChain(placeOf(blocks[49] as Block, 50), LENGTH - 45);
    await t.chain.acceptHeaders(branch);
    assert.equal(t.chain.unreachableBranch()?.header.id, branch.at(-1)?.header.id);
    for (const block of branch.slice(0, 3))
      assert.equal(outcomeOf(await t.chain.acceptBlock(block, { requested: true })), 'fork-below-pruned');
    assert.equal(t.chain.tip(), tip);
    const again = await openChain(disk);
    assert.equal(again.chain.tip().header.id, tip.header.id);
    assert.deepEqual(await acceptAll(again.chain, [mine(again.chain.tip())]), ['connected']);
    // Nor by order of the operator.
    await assert.rejects(again.chain.invalidateBlock(again.chain.atHeight(20) as never), /pruned/);
    await again.chain.invalidateBlock(again.chain.atHeight(LENGTH - 3) as never);
    assert.equal(again.chain.tip().height, LENGTH - 4);
  });

  it('bodies of side branches go with the files they lie in', async () => {
    const disk = new MemoryDisk();
    const t = await openChain(disk);
    await acceptAll(t.chain, blocks.slice(0, 20));
    const side = mineChain(placeOf(blocks[9] as Block, 10), 5);
    await t.chain.acceptHeaders(side);
    for (const block of side) await t.chain.acceptBlock(block, { requested: true });
    await acceptAll(t.chain, blocks.slice(20));
    assert.equal(t.chain.entry((side[4] as Block).header.hash)?.status, 'stored');
    await t.chain.prune({ upTo: EVERYTHING });
    for (const block of side) {
      const entry = t.chain.entry(block.header.hash);
      assert.equal(entry?.hasBody, false);
      assert.equal(entry?.status, 'header');
    }
    assert.equal((await openChain(disk)).chain.tip().height, LENGTH);
  });

  it('a crash at every write and before every deletion leaves a chain that opens and can be pruned again', async () => {
    const twin = await start.clone();
    const t = await openChain(twin);
    await t.chain.prune({ upTo: EVERYTHING });
    const end = twin.fileNames;
    for (const how of ['kill', 'power cut'] as const) {
      let crashes = 0;
      for (let n = 1; ; n++) {
        const disk = await start.clone();
        const { chain } = await openChain(disk);
        disk.crashAfter(n, n % 2 === 0 ? 'nothing' : 'all');
        const finished = await chain.prune({ upTo: EVERYTHING }).then(
          () => true,
          () => false,
        );
        if (finished) break;
        crashes++;
        await disk.restart(how);
        const again = await openChain(disk);
        assert.equal(again.chain.tip().height, LENGTH);
        await again.chain.prune({ upTo: EVERYTHING });
        assert.deepEqual(disk.fileNames, end, `write ${n}`);
        assert.equal(again.chain.prunedBelow(), t.chain.prunedBelow());
      }
      assert.ok(crashes > 5, `${crashes} crashes`);
    }
    for (const keep of [0, 3, 9]) {
      const disk = await start.clone();
      let removed = 0;
      const { remove } = disk.fs;
      const failing = {
        ...disk.fs,
        remove: async (name: string) => {
          if (removed++ >= keep) throw new Error('the machine stopped');
          await remove(name);
        },
      };
      Object.assign(disk, { fs: failing });
      await assert.rejects((await openChain(disk)).chain.prune({ upTo: EVERYTHING }), /stopped/);
      Object.assign(disk, { fs: { ...failing, remove } });
      await disk.restart('power cut');
      const again = await openChain(disk);
      assert.deepEqual(disk.fileNames, end);
      assert.equal(again.chain.prunedBelow(), t.chain.prunedBelow());
    }
  });
});
