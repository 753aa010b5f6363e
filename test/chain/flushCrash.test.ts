import assert from 'node:assert/strict';
import { HaltedError } from '../../src/chain/halt.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { KvChainStore } from '../../src/store/chainStore.node.ts';
import type { WriteBehind } from '../../src/store/durableWrites.ts';
import { FLUSHING_KEY } from '../../src/store/schema.ts';
import { Crash, type CrashMode, MemoryDisk } from '../store/memoryDisk.ts';
import { SimClock } from '../support/simClock.ts';
import { makeScript, type Step, type Truth, truthByTip } from './crashScript.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, openStore } from './setup.ts';

/** A dozen coins fill half of the cache, and three go into one batch of a flush. */
const SMALL = { cacheBytes: 2048, flushSlice: 3, flushAhead: 0 };
/** Simulated time between two steps: about every third commit is synced, and the timer flushes now and then. */
const STEP_MS = 400;

interface Play {
  readonly store: KvChainStore;
  readonly chain: Awaited<ReturnType<typeof openChain>>['chain'];
  readonly clock: SimClock;
  readonly failures: unknown[];
}

async function openBehind(disk: MemoryDisk, more: Pick<WriteBehind, 'mayFlush'> = {}): Promise<Play> {
  const clock = new SimClock();
  const failures: unknown[] = [];
  const behind = { clock, timers: clock, fail: (error: unknown) => failures.push(error), ...more };
  const store = await openStore(disk, { ...SMALL, behind });
  const { chain } = await openChain(disk, { store });
  return { store, chain, clock, failures };
}

/** Accepts the blocks as time passes; flushes twice in the middle, once ahead of a walk over the coins, and at the end. */
async function play(disk: MemoryDisk, steps: readonly Step[]): Promise<void> {
  const { store, chain, clock, failures } = await openBehind(disk);
  for (const [i, step] of steps.entries()) {
    if (step.headers !== undefined) await chain.acceptHeaders(step.headers);
    if (step.block !== undefined) await chain.acceptBlock(step.block);
    if (i === 4) await (await chain.coinsAtTip()).coins.return?.();
    await clock.run(i === 7 ? 301_000 : STEP_MS);
  }
  await chain.close();
  await store.close();
  if (failures.length > 0) throw failures[0];
}

/** Tip, coins and count as a restart finds them, and the tip the coins were flushed for. */
async function stateOf(disk: MemoryDisk) {
  const store = await openStore(disk, SMALL);
  const flushed = (await store.interruptedFlush())?.to ?? (await store.tip());
  const { chain } = await openChain(disk, { store });
  const coins = await coinsOf(store);
  assert.equal(await store.coinCount(), coins.length);
  return { tip: chain.tip().header.id, coins, flushed };
}

describe('chain: crash at every write while coins are flushed behind it', () => {
  const { base, steps } = makeScript();
  let start: MemoryDisk;
  let states: Map<string, Truth>;
  let end: Awaited<ReturnType<typeof stateOf>>;

  before(async function () {
    this.timeout(30_000);
    start = new MemoryDisk();
    const { chain, store } = await openBehind(start);
    await acceptAll(chain, base);
    await store.close();
    states = await truthByTip(start, steps);
    const twin = await start.clone();
    await play(twin, steps);
    end = await stateOf(twin);
    assert.deepEqual(end.coins, states.get(end.tip)?.coins);
  });

  for (const mode of ['nothing', 'torn', 'all'] as const satisfies readonly CrashMode[])
    for (const how of ['kill', 'power cut', 'power cut that spares some'] as const)
      it(`a write that leaves ${mode}, then a ${how}: coins of the tip, and the script can be finished`, async function () {
        this.timeout(120_000);
        let crashes = 0;
        let interrupted = 0;
        for (let n = 1; ; n++) {
          const disk = await start.clone();
          disk.crashAfter(n, mode);
          const outcome = await play(disk, steps).then(
            () => 'finished',
            (error: unknown) => error,
          );
          if (outcome === 'finished') break;
          crashes++;
          assert.ok(outcome instanceof Crash || outcome instanceof HaltedError, String(outcome));
          if (how === 'kill') await disk.restart('kill');
          else await disk.restart('power cut', how === 'power cut' ? undefined : n);
          if ((await disk.kv.get(FLUSHING_KEY)) !== undefined) interrupted++;
          const found = await stateOf(disk);
          assert.deepEqual(found.coins, states.get(found.tip)?.coins, `write ${n}: coins at tip ${found.tip}`);
          await play(disk, steps);
          const { tip, coins } = await stateOf(disk);
          assert.deepEqual(
            { tip, coins },
            { tip: end.tip, coins: end.coins },
            `write ${n}: after the rest of the script`,
          );
        }
        assert.ok(crashes > 60, `only ${crashes} writes`);
        assert.ok(interrupted > 5, `only ${interrupted} crashes in the middle of a flush`);
      });

  it('crashed again at every write of the opening that finishes a flush, it is finished at the next one', async function () {
    this.timeout(60_000);
    // The first crash that leaves a marker.
    let torn: MemoryDisk | undefined;
    for (let n = 1; torn === undefined; n++) {
      const disk = await start.clone();
      disk.crashAfter(n, 'nothing');
      await play(disk, steps).catch(() => undefined);
      await disk.restart('power cut', n);
      if ((await disk.kv.get(FLUSHING_KEY)) !== undefined) torn = disk;
    }
    for (let n = 1; ; n++) {
      const disk = await torn.clone();
      disk.crashAfter(n, 'torn');
      const crashed = await openBehind(disk).then(
        () => false,
        () => true,
      );
      if (!crashed) {
        assert.ok(n > 3);
        break;
      }
      await disk.restart('power cut', n);
      const found = await stateOf(disk);
      assert.deepEqual(found.coins, states.get(found.tip)?.coins, `write ${n}`);
    }
  });
});

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
