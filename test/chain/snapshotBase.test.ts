import assert from 'node:assert/strict';
import { HaltedError } from '../../src/chain/halt.ts';
import { SnapshotRefutedError } from '../../src/chain/snapshotBase.ts';
import type { CoinChange } from '../../src/ledger/coin.ts';
import type { Block } from '../../src/primitives/block.ts';
import { Crash, MemoryDisk } from '../store/memoryDisk.ts';
import { mineChain, placeOf } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain } from './setup.ts';
import {
  BASE,
  baseOf,
  bent,
  CHAIN_TX,
  collect,
  genesis,
  hashOf,
  load,
  newNode,
  OWN,
  openPast,
  type Story,
  scripts,
  tellStory,
  validate,
} from './snapshotStory.ts';

describe('a chain on a snapshot of coins', () => {
  let story: Story;
  before(async () => {
    story = await tellStory();
  });

  it('has the base as its tip at once, connects what comes, and has the coins of a node without snapshot', async () => {
    const node = await newNode(story);
    const tips: string[] = [];
    node.chain.events.on('tip', ({ entry, previous }) => tips.push(`${previous.height} to ${entry.height}`));
    assert.equal(await load(node, story), undefined);
    assert.deepEqual(tips, [`${OWN} to ${BASE}`]);
    assert.equal(node.chain.tip(), baseOf(node.chain, story));
    assert.equal(node.chain.snapshot.base, node.chain.tip());
    assert.equal(node.chain.isActive(node.chain.atHeight(50) as never), true);
    assert.equal(await node.chain.readBlock(node.chain.atHeight(50) as never), undefined);
    assert.equal(await node.store.coinCount(), story.coins.length);
    assert.deepEqual(await acceptAll(node.chain, story.blocks.slice(BASE)), Array(6).fill('connected'));
    assert.deepEqual(await coinsOf(node.store), story.last);
  });

  it('is the same after a restart', async () => {
    const disk = new MemoryDisk();
    await load(await newNode(story, disk), story);
    const again = await openChain(disk);
    assert.equal(again.chain.snapshot.base?.height, BASE);
    await acceptAll(again.chain, story.blocks.slice(BASE));
    assert.deepEqual(await coinsOf((await openChain(disk)).store), story.last);
  });

  it('refuses a snapshot that is of no use or cannot be judged', async () => {
    const node = await newNode(story);
    const { chain } = node;
    await acceptAll(chain, story.blocks.slice(0, BASE));
    assert.match((await load(node, story)) as string, /no more work than our tip/);

    const away = await openChain();
    const fork = mineChain(genesis, 2);
    await acceptAll(away.chain, fork);
    await away.chain.acceptHeaders(story.blocks);
    assert.match((await load(away, story)) as string, /not on top of our tip/);

    const other = await newNode(story);
    await other.chain.acceptHeaders(mineChain(genesis, 120));
    assert.match((await load(other, story)) as string, /another branch have more work/);

    const twice = await newNode(story);
    await load(twice, story);
    assert.match((await load(twice, story)) as string, /loaded already/);
  });

  it('connects the past, in whatever order its blocks come, and then began at genesis like any other', async () => {
    const disk = new MemoryDisk();
    const node = await newNode(story, disk);
    await load(node, story);
    await acceptAll(node.chain, story.blocks.slice(BASE));
    const past = await validate(node, new MemoryDisk());
    scripts.run = 0;
    const run = past.run();
    for (const block of story.blocks.slice(OWN, BASE).reverse()) {
      const verdict = await node.chain.acceptBlock(block, { requested: true });
      assert.ok(verdict.ok);
      past.wake();
    }
    assert.equal(await run, 'judged');
    assert.equal(scripts.run, 3, 'every script of the past was run');
    assert.equal(node.chain.snapshot.base, undefined);
    assert.equal(await node.store.snapshot(), undefined);
    assert.equal(node.chain.tip().height, 110);
    for (const [i, block] of story.blocks.entries()) {
      const entry = node.chain.atHeight(i + 1);
      assert.equal(entry?.header.id, block.header.id);
      assert.equal(entry?.status, 'valid');
      assert.equal((await node.chain.readBlock(entry as never))?.header.id, block.header.id);
    }
    // All of it can be taken back, over the base.
    await node.chain.invalidateBlock(node.chain.atHeight(BASE - 2) as never);
    assert.equal(node.chain.tip().height, BASE - 3);
    await node.chain.reconsiderBlock(node.chain.entry((story.blocks[BASE - 3] as Block).header.hash) as never);
    assert.deepEqual(await coinsOf(node.store), story.last);
    assert.deepEqual(await coinsOf((await openChain(disk)).store), story.last);
  });

  it('goes on connecting the past where a crash stopped it', async () => {
    const disk = new MemoryDisk();
    const pastDisk = new MemoryDisk();
    const node = await newNode(story, disk);
    await load(node, story);
    await acceptAll(node.chain, story.blocks.slice(OWN, 60));
    const first = await validate(node, pastDisk);
    const run = first.run();
    while (first.tip.height < 60) await new Promise((resolve) => setImmediate(resolve));
    first.stop();
    assert.equal(await run, 'stopped');
    await disk.restart('kill');
    await pastDisk.restart('kill');
    const again = await openChain(disk);
    const second = await validate(again, pastDisk);
    assert.ok(second.tip.height > 0 && second.tip.height <= 60, 'coins in memory are connected again');
    await acceptAll(again.chain, story.blocks.slice(60));
    assert.equal(await second.run(), 'judged');
    assert.equal(again.chain.snapshot.base, undefined);
    assert.deepEqual(await coinsOf(again.store), story.last);
  });

  it('begins again when a power cut took records of blocks whose coins it has', async () => {
    const disk = new MemoryDisk();
    const pastDisk = new MemoryDisk();
    const node = await newNode(story, disk);
    await load(node, story);
    await acceptAll(node.chain, story.blocks.slice(OWN, 60));
    const before = await disk.clone();
    const first = await validate(node, pastDisk);
    const run = first.run();
    while (first.tip.height < 60) await new Promise((resolve) => setImmediate(resolve));
    first.stop();
    await run;
    const again = await openChain(before);
    assert.equal(await openPast(again, pastDisk), undefined);
    const second = await validate(again, new MemoryDisk());
    await acceptAll(again.chain, story.blocks.slice(60));
    assert.equal(await second.run(), 'judged');
    assert.deepEqual(await coinsOf(again.store), story.last);
  });

  it('keeps every block while the past is not validated, and is no pruned chain', async () => {
    const node = await newNode(story);
    await load(node, story);
    await acceptAll(node.chain, [...story.blocks.slice(OWN, BASE), ...story.blocks.slice(BASE)]);
    assert.deepEqual(await node.chain.prune({ upTo: Number.POSITIVE_INFINITY }), { files: 0, bytes: 0 });
    assert.equal(node.chain.prunedBelow(), undefined);
    const past = await validate(node, new MemoryDisk());
    assert.equal(await past.run(), 'judged');
    assert.equal(node.chain.prunedBelow(), undefined);
    assert.equal(node.chain.unreachableBranch(), undefined);
  });

  it('takes no branch from below the base before that is validated, and the better one afterwards', async () => {
    const node = await newNode(story);
    await load(node, story);
    await acceptAll(node.chain, story.blocks.slice(BASE, BASE + 1));
    const fork = mineChain(placeOf(story.blocks[BASE - 5] as Block, BASE - 4), 12);
    await acceptAll(node.chain, story.blocks.slice(OWN, BASE));
    for (const block of fork) assert.ok((await node.chain.acceptBlock(block, { requested: true })).ok);
    assert.equal(node.chain.tip().height, BASE + 1);
    await assert.rejects(node.chain.invalidateBlock(baseOf(node.chain, story)), RangeError);
    const past = await validate(node, new MemoryDisk());
    assert.equal(await past.run(), 'judged');
    assert.equal(node.chain.tip().header.id, fork.at(-1)?.header.id);
  });

  for (const [what, story2] of [
    [
      'a coin with another amount',
      (coins: CoinChange[]) => ((coins[0] as { coin: unknown }).coin = bent(coins[0] as CoinChange)),
    ],
    ['a coin that is not there', (coins: CoinChange[]) => coins.pop()],
  ] as const)
    it(`stops for good when the past leads to other coins: ${what}`, async () => {
      const lie = story.coins.map((change) => ({ ...change }));
      story2(lie);
      const disk = new MemoryDisk();
      let halted: HaltedError | undefined;
      const node = await openChain(disk, {
        onHalt: (error) => {
          halted = error;
        },
      });
      await acceptAll(node.chain, story.blocks.slice(0, OWN));
      await node.chain.acceptHeaders(story.blocks);
      await load(node, story, lie, hashOf(lie));
      await acceptAll(node.chain, story.blocks.slice(OWN, BASE));
      const past = await validate(node, new MemoryDisk());
      assert.equal(await past.run(), 'judged');
      assert.ok(halted instanceof HaltedError);
      assert.ok(halted.cause instanceof SnapshotRefutedError);
      assert.match(halted.message, /loaded on trust, is false: the blocks up to it lead to coins with hash/);
      await assert.rejects(node.chain.acceptBlock(story.blocks[BASE] as Block), HaltedError);
      await disk.restart('power cut');
      await assert.rejects(openChain(disk), SnapshotRefutedError);
    });

  it('is not changed by a snapshot that fails before its last coin: halted, then connected again from its blocks', async () => {
    async function* failing(): AsyncGenerator<CoinChange> {
      yield* story.coins.slice(0, 50);
      throw new Error('the file was changed');
    }
    const disk = new MemoryDisk();
    const node = await newNode(story, disk);
    const before = await coinsOf(node.store);
    await assert.rejects(
      node.chain.snapshot.load(baseOf(node.chain, story), {
        coinsHash: story.hash,
        chainTx: CHAIN_TX,
        coins: failing(),
      }),
      /was changed/,
    );
    assert.ok(node.chain.halted instanceof HaltedError);
    const again = await openChain(disk);
    assert.equal(again.chain.tip().height, OWN);
    assert.equal(again.chain.snapshot.base, undefined);
    assert.deepEqual(await coinsOf(again.store), before);
  });

  it('survives a crash at every write of the loading: all of it, or what was there before', async () => {
    const prepared = new MemoryDisk();
    const before = await coinsOf((await newNode(story, prepared)).store);
    const outcomes = new Set<string>();
    for (const mode of ['nothing', 'all'] as const)
      for (const how of ['kill', 'power cut'] as const)
        for (let n = 1, crashed = true; crashed; n++) {
          const disk = await prepared.clone();
          const node = await openChain(disk);
          disk.crashAfter(n, mode);
          crashed = await load(node, story).then(
            () => false,
            (error: unknown) => {
              assert.ok(error instanceof Crash || (error as Error).cause instanceof Crash, String(error));
              return true;
            },
          );
          await disk.restart(how);
          // Also while the next start cleans up.
          disk.crashAfter(2, mode);
          await openChain(disk).catch((error: unknown) => assert.ok(error instanceof Crash, String(error)));
          await disk.restart(how);
          const again = await openChain(disk);
          const { height } = again.chain.tip();
          outcomes.add(String(height));
          assert.equal(again.chain.snapshot.base === undefined, height === OWN);
          const expected = height === OWN ? before : undefined;
          if (expected !== undefined) assert.deepEqual(await coinsOf(again.store), expected, `write ${n}, ${how}`);
          else assert.deepEqual(await collect(again.store.allCoins()), story.coins, `write ${n}, ${how}`);
          await acceptAll(again.chain, story.blocks.slice(height));
          assert.deepEqual(await coinsOf(again.store), story.last);
        }
    assert.deepEqual([...outcomes].sort(), [String(BASE), String(OWN)].sort());
  }).timeout(20_000);
});
