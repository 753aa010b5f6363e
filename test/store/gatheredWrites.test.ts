import assert from 'node:assert/strict';
import type { Block } from '../../src/primitives/block.ts';
import { KvChainStore } from '../../src/store/chainStore.node.ts';
import { gatherWrites } from '../../src/store/gatheredWrites.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain } from '../chain/setup.ts';
import { type CrashMode, MemoryDisk } from './memoryDisk.ts';

const COIN = 100_000_000n;
const GATHERED = 9;

/** A chain whose commits are gathered, on a disk that may crash. */
async function openGathered(disk: MemoryDisk) {
  const { kv, fs } = gatherWrites(disk.kv, disk.fs, GATHERED);
  const lifetime = new Lifetime();
  lifetime.add(() => kv.close());
  const magic = regtest.magic;
  const store = await KvChainStore.open({ kv, path: 'memory', fs, magic, txindex: true, maxFileBytes: 2000, lifetime });
  return { ...(await openChain(disk, { store })), kvStore: store };
}

/** 101 blocks, and ten more that spend. */
function makeBlocks(): Block[] {
  const base = mineChain({ header: regtest.genesis.header, height: 0 }, 101);
  const blocks = [...base];
  let at = placeOf(base[100] as Block, 101);
  let from = { tx: coinbaseOf(base[0] as Block), index: 0 };
  for (let i = 0; i < 10; i++) {
    const tx = spend([from], [{ value: 50n * COIN, scriptPubKey: ANYONE }]);
    const block = mine(at, { txs: [tx] });
    blocks.push(block);
    from = { tx, index: 0 };
    at = placeOf(block, at.height + 1);
  }
  return blocks;
}

describe('gathered writes', () => {
  const blocks = makeBlocks();
  const coins = async (disk: MemoryDisk): Promise<string[]> => coinsOf((await openChain(disk)).store);
  let wanted: string[];
  let plainWrites: number;

  before(async () => {
    const disk = new MemoryDisk();
    const { chain } = await openChain(disk);
    await acceptAll(chain, blocks);
    plainWrites = disk.writes;
    wanted = await coins(disk);
  });

  it('give the same coins with far fewer writes, once closed also after a power cut', async () => {
    const disk = new MemoryDisk();
    const { chain, kvStore } = await openGathered(disk);
    assert.ok((await acceptAll(chain, blocks)).every((outcome) => outcome === 'connected'));
    assert.deepEqual(await coinsOf(kvStore), wanted);
    await kvStore.close();
    assert.ok(disk.writes < plainWrites * 0.7, `${disk.writes} of ${plainWrites} writes`);
    await disk.restart('power cut');
    assert.deepEqual(await coins(disk), wanted);
    const { chain: again, store } = await openChain(disk);
    assert.equal(again.tip().height, blocks.length);
    const [tx] = (blocks.at(-1) as Block).txs.slice(1);
    assert.ok(tx !== undefined && (await store.findTx(tx.txid)) !== undefined);
  });

  for (const how of ['kill', 'power cut'] as const)
    it(`crashed at any write (${how}) they leave an earlier tip, from which the same blocks lead to the same coins`, async function () {
      this.timeout(60_000);
      const modes: CrashMode[] = ['nothing', 'torn', 'all'];
      let least = Number.POSITIVE_INFINITY;
      let n = 1;
      for (; ; n += 7) {
        const disk = new MemoryDisk();
        disk.crashAfter(n, modes[n % 3] as CrashMode);
        let crashed = false;
        try {
          const { chain, kvStore } = await openGathered(disk);
          await acceptAll(chain, blocks);
          await kvStore.close();
        } catch {
          crashed = true;
        }
        if (!crashed) break;
        await disk.restart(how);
        const { chain, store, kvStore } = await openGathered(disk);
        least = Math.min(least, chain.tip().height);
        await acceptAll(chain, blocks);
        assert.equal(chain.tip().height, blocks.length);
        assert.deepEqual(await coinsOf(store), wanted, `crash at write ${n}`);
        await kvStore.close();
      }
      assert.ok(n > 100 && least === 0, `${n} writes, least ${least}`);
    });

  it('are seen by reads at once, also deletions, and written before an iteration', async () => {
    const base = new MemoryKv();
    const batches: number[] = [];
    const counted: Kv = {
      get: (key) => base.get(key),
      getMany: (keys) => base.getMany(keys),
      iterate: (range) => base.iterate(range),
      close: () => base.close(),
      async batch(ops, options) {
        assert.equal(options.sync, true);
        batches.push(ops.length);
        await base.batch(ops, options);
      },
    };
    const { kv } = gatherWrites(counted, new MemoryDisk().fs, 3);
    const key = (n: number): Uint8Array => Uint8Array.of(n);
    const put = (n: number, value: number): KvOp => ({ type: 'put', key: key(n), value: Uint8Array.of(value) });
    await base.batch([put(1, 10), put(2, 20)], { sync: true });
    await kv.batch([put(3, 30), { type: 'del', key: key(1) }], { sync: false });
    await kv.batch([put(3, 31)], { sync: true });
    assert.deepEqual(batches, []);
    const values = await kv.getMany([1, 2, 3, 4].map(key));
    assert.deepEqual(
      values.map((value) => value?.[0]),
      [undefined, 20, 31, undefined],
    );
    assert.deepEqual([await kv.get(key(1)), (await kv.get(key(2)))?.[0]], [undefined, 20]);
    const seen: number[] = [];
    for await (const [k, v] of kv.iterate({ gte: key(0), lt: key(9) })) seen.push(k[0] as number, v[0] as number);
    assert.deepEqual(seen, [2, 20, 3, 31]);
    assert.deepEqual(batches, [2]);
    for (const n of [5, 6, 7]) await kv.batch([put(n, n)], { sync: true });
    assert.deepEqual(batches, [2, 3]);
    await kv.batch([put(8, 8)], { sync: true });
    await kv.close();
    assert.deepEqual(batches, [2, 3, 1]);
  });

  it('keeps batches that come while others are written', async () => {
    const disk = new MemoryDisk();
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const slow: Kv = {
      ...disk.kv,
      async batch(ops, options) {
        await disk.kv.batch(ops, options);
        await turn();
      },
    };
    const { kv, fs } = gatherWrites(slow, { ...disk.fs, syncFolder: turn }, 10);
    const keys = Array.from({ length: 95 }, (_, i) => Uint8Array.of(1, i));
    const writing: Promise<void>[] = [];
    for (const key of keys) {
      // As a commit does: files first. Two lines commit, so the next comes before this has ended.
      await fs.syncFolder();
      writing.push(kv.batch([{ type: 'put', key, value: key }], { sync: true }));
      await turn();
    }
    await Promise.all(writing);
    await kv.close();
    assert.deepEqual(await disk.kv.getMany(keys), keys);
  });
});
