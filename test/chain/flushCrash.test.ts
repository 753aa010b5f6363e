import assert from 'node:assert/strict';
import type { Block } from '../../src/primitives/block.ts';
import { FLUSHING_KEY } from '../../src/store/schema.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { describeFlushCrashes, openBehind, SMALL, stateOf } from '../support/flushCrashes.ts';
import { SimClock } from '../support/simClock.ts';
import { makeScript } from './crashScript.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, openStore } from './setup.ts';

// Some ways to crash here; test/long has all of them.
describeFlushCrashes(false);

describe('chain: coins flushed behind the tip', () => {
  it('a killed node finds every block it had connected, without judging scripts again', async () => {
    const disk = new MemoryDisk();
    const { chain } = await openBehind(disk);
    const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 40);
    await acceptAll(chain, blocks);
    await disk.restart('kill');
    let checks = 0;
    const scripts = {
      check: async () => {
        checks++;
        return { ok: true, value: undefined } as const;
      },
    };
    const again = await openChain(disk, { store: await openStore(disk, SMALL), scripts });
    assert.equal(again.chain.tip().height, 40);
    assert.equal(checks, 0);
  });

  it('after a power cut at most the last second is missing', async () => {
    const disk = new MemoryDisk();
    const { chain, clock } = await openBehind(disk);
    const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 30);
    for (const block of blocks.slice(0, 20)) await chain.acceptBlock(block);
    await clock.run(1000);
    await acceptAll(chain, blocks.slice(20));
    await disk.restart('power cut');
    const { chain: again } = await openChain(disk, { store: await openStore(disk, SMALL) });
    assert.ok(again.tip().height >= 20 && again.tip().height < 30, `${again.tip().height}`);
  });

  it('the timer flushes only when it may (a disk that is nearly full), and later when it may again', async () => {
    const disk = new MemoryDisk();
    let may = false;
    const { chain, store, clock } = await openBehind(disk, { mayFlush: () => may });
    await acceptAll(chain, mineChain({ header: regtest.genesis.header, height: 0 }, 5));
    await clock.run(700_000);
    assert.ok(store.cacheSize().dirty > 0);
    may = true;
    await clock.run(300_000);
    await clock.until(() => store.cacheSize().dirty === 0, 10_000, 'the flush');
  });

  it('what was committed before a flush is durable with it, wherever the logs of the database end', async () => {
    const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 12);
    for (const flushSlice of [3, 1000])
      for (let count = 1; count <= blocks.length; count++) {
        const disk = new MemoryDisk();
        const clock = new SimClock();
        const behind = { clock, timers: clock, fail: (error: unknown) => assert.fail(String(error)) };
        const store = await openStore(disk, { flushSlice, behind });
        const { chain } = await openChain(disk, { store });
        await acceptAll(chain, blocks.slice(0, count));
        await store.flush();
        await disk.restart('power cut');
        const { tip } = await stateOf(disk);
        assert.equal(tip, blocks[count - 1]?.header.id);
      }
  });

  it('a cache of the least size and a huge one lead to the same chain', async () => {
    const { base, steps } = makeScript();
    const ends = [];
    for (const cacheBytes of [1024, 1_000_000_000]) {
      const disk = new MemoryDisk();
      const store = await openStore(disk, { cacheBytes, flushSlice: 3 });
      const { chain } = await openChain(disk, { store });
      await acceptAll(chain, base);
      for (const { headers, block } of steps) {
        if (headers !== undefined) await chain.acceptHeaders(headers);
        if (block !== undefined) await chain.acceptBlock(block);
      }
      ends.push({ tip: chain.tip().header.id, count: await store.coinCount(), coins: await coinsOf(store) });
    }
    assert.deepEqual(ends[0], ends[1]);
  });

  it('a failed flush in the background is told, fails the next commit and is made up for by closing', async () => {
    const disk = new MemoryDisk();
    const { chain, store, failures, clock } = await openBehind(disk);
    const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 60);
    let at = 0;
    while (store.cacheSize().dirty === 0 || (await disk.kv.get(FLUSHING_KEY)) === undefined) {
      await chain.acceptBlock(blocks[at++] as Block);
      assert.ok(at < 50);
    }
    disk.failAfter(1, new Error('no space'));
    await clock.run(0);
    assert.match(String(failures[0]), /no space/);
    await assert.rejects(chain.acceptBlock(blocks[at] as Block), /no space/);
    const tip = chain.tip().header.id;
    await chain.close();
    await store.close();
    assert.equal(await disk.kv.get(FLUSHING_KEY), undefined);
    await disk.restart('power cut');
    const again = await openChain(disk);
    assert.equal(again.chain.tip().header.id, tip);
    assert.deepEqual(await acceptAll(again.chain, blocks.slice(at, at + 1)), ['connected']);
  });

  it('after a flush that failed at any write, coins of the tip are found though the next blocks spend what it wrote', async () => {
    const early = mineChain({ header: regtest.genesis.header, height: 0 }, 101);
    const at = placeOf(early[100] as Block, 101);
    const outputs = Array.from({ length: 9 }, () => ({ value: 500_000_000n, scriptPubKey: ANYONE }));
    const many = spend([{ tx: coinbaseOf(early[0] as Block), index: 0 }], outputs);
    const makes = mine(at, { txs: [many], fees: 500_000_000n });
    const all = outputs.map((_, index) => ({ tx: many, index }));
    const one = spend(all, [{ value: 4_500_000_000n, scriptPubKey: ANYONE }]);
    const spends = mine(placeOf(makes, 102), { txs: [one] });
    const truth = new Map<string, string[]>();
    const healthy = await openChain();
    for (const block of [...early, makes, spends]) {
      await healthy.chain.acceptBlock(block);
      truth.set(block.header.id, await coinsOf(healthy.store));
    }
    let failed = 0;
    for (let n = 1; ; n++) {
      const disk = new MemoryDisk();
      const store = await openStore(disk, { flushSlice: 3 });
      const { chain } = await openChain(disk, { store });
      await acceptAll(chain, early);
      await store.flush();
      await chain.acceptBlock(makes);
      disk.failAfter(n, new Error('no space'));
      const fault = await store.flush().then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      if (fault === undefined) break;
      failed++;
      await chain.acceptBlock(spends).catch(() => undefined);
      await chain.close();
      await store.close();
      await disk.restart('kill');
      const again = await openChain(disk);
      assert.deepEqual(await coinsOf(again.store), truth.get(again.chain.tip().header.id), `write ${n}`);
      await again.chain.acceptBlock(spends);
      assert.deepEqual(await coinsOf(again.store), truth.get(spends.header.id), `write ${n}: then`);
    }
    assert.ok(failed > 4, `only ${failed} writes`);
  });
});
