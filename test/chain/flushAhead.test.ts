import assert from 'node:assert/strict';
import { SummedKv } from '../../src/store/summedKv.ts';
import type { Kv } from '../../src/util/ports.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, mine, mineChain, placeOf } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, openStore, outcomeOf, textOfCoin } from './setup.ts';

/** A database whose slices of a flush wait until they are let through. */
class HeldSlices {
  readonly kv: Kv;
  held = 0;
  #open: () => void = () => {};
  #gate: Promise<void> = Promise.resolve();

  constructor(kv: Kv) {
    this.kv = {
      get: (key) => kv.get(key),
      getMany: (keys) => kv.getMany(keys),
      iterate: (range) => kv.iterate(range),
      settle: () => kv.settle(),
      close: () => kv.close(),
      batch: async (ops, options) => {
        // Coins only: commits of headers go on.
        if (ops.every(({ key }) => key[0] === 0x20)) {
          this.held++;
          await this.#gate;
        }
        await kv.batch(ops, options);
      },
    };
  }

  hold(): void {
    this.held = 0;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }
}

async function setUp(flushAhead: number, progress: string[] = []) {
  const disk = new MemoryDisk();
  const slices = new HeldSlices(new SummedKv(disk.kv, { path: 'memory' }));
  const store = await openStore(disk, {
    ...{ kv: slices.kv, flushSlice: 4, flushAhead },
    onFlush: (done, total) => progress.push(`${done}/${total}`),
  });
  const { chain } = await openChain(disk, { store });
  const blocks = mineChain(chain.genesis, 20);
  await acceptAll(chain, blocks.slice(0, 5));
  await store.flush();
  await acceptAll(chain, blocks.slice(5));
  return { disk, slices, store, chain };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('chain: a walk over all coins', () => {
  it('waits for the flush of what came before it, but no block does; it shows the coins of one tip', async () => {
    const { slices, chain, store } = await setUp(0);
    slices.hold();
    const walk = chain.coinsAtTip();
    await turns();
    assert.equal(slices.held, 1, 'the flush is under way');
    const next = mine(chain.tip());
    const after = mine(placeOf(next, 21));
    assert.deepEqual(await acceptAll(chain, [next, after]), ['connected', 'connected']);
    slices.release();
    const { tip, coins } = await walk;
    assert.equal(tip.height, 22);
    const seen: string[] = [];
    for await (const change of coins) seen.push(textOfCoin(change));
    assert.deepEqual(seen, await coinsOf(store));
    assert.equal(seen.length, 22);
  });

  it('few coins are flushed in its turn: blocks wait that moment, and the cache keeps them', async () => {
    const { slices, chain } = await setUp(1000);
    slices.hold();
    const walk = chain.coinsAtTip();
    await turns();
    let connected = false;
    const block = chain.acceptBlock(mine(chain.tip())).then((verdict) => {
      connected = true;
      return outcomeOf(verdict);
    });
    await turns();
    assert.equal(connected, false);
    slices.release();
    assert.equal((await walk).tip.height, 20);
    assert.equal(await block, 'connected');
  });

  it('a flush ahead that fails is told by the flush that follows, and made good by the next', async () => {
    const { disk, chain, store } = await setUp(0);
    disk.failAfter(1, new Error('the disk does not answer'));
    await store.flushAhead();
    await store.flush();
    assert.equal((await coinsOf(store)).length, 20);
    await acceptAll(chain, [mine(chain.tip())]);
    await chain.close();
    await store.close();
    const again = await openStore(disk);
    assert.equal((await coinsOf(again)).length, 21);
  });

  it('a flush says how far it is, up to all of it', async () => {
    const progress: string[] = [];
    const { store } = await setUp(0, progress);
    progress.length = 0;
    await store.flush();
    assert.deepEqual(progress, ['0/15', '0/15', '4/15', '8/15', '12/15', '15/15']);
  });

  it('coins of which a change was begun and not ended are not flushed: the disk keeps those of a block', async () => {
    const disk = new MemoryDisk();
    let failing = false;
    const store = await openStore(disk, {
      pause: () => (failing ? Promise.reject(new Error('cut')) : undefined),
    });
    const { chain } = await openChain(disk, { store });
    const tip = await store.tip();
    await store.flush();
    const before = await coinsOf(store);
    const coin = { height: 1, coinbase: false, out: { value: 1n, scriptPubKey: ANYONE } };
    // More than a flush in line with the commits takes.
    const added = Array.from({ length: 60_000 }, (_, index) => ({
      outpoint: { txid: new Uint8Array(32), index },
      coin,
    }));
    assert.ok(tip !== undefined);
    await store.commit({ headers: [], tip, coins: { spent: [], added } });
    failing = true;
    const spent = added.slice(0, 30_000);
    await assert.rejects(store.commit({ headers: [], tip, coins: { spent, added: [] } }), /cut/);
    failing = false;
    await assert.rejects(store.flushSoon(), /whole/);
    await store.flushAhead();
    await chain.close();
    await store.close();
    assert.deepEqual(await coinsOf(await openStore(disk)), before);
  });
});
