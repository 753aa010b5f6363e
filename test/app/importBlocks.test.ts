import assert from 'node:assert/strict';
import { BlockRecords } from '../../src/app/import/blockRecords.ts';
import { type ImportDeps, importBlocks, type RefusedRecord } from '../../src/app/import/importBlocks.ts';
import { importHeaders } from '../../src/app/import/importHeaders.ts';
import { openPassingHeaders } from '../../src/app/import/offlineChain.node.ts';
import { RecentRate } from '../../src/app/import/recentRate.ts';
import type { HeaderEntry } from '../../src/chain/entry.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { type Block, encodeBlock } from '../../src/primitives/block.ts';
import { hashKey } from '../../src/primitives/hash.ts';
import { broken, passed } from '../../src/primitives/rules.ts';
import { mineChain, regtest } from '../chain/regtestMiner.ts';
import { vectorBytes } from '../support/vectors.ts';

/** A chain that takes every block whose parent it has, as bodies only. */
function takingChain(refuse: (block: Block) => boolean = () => false) {
  const has = new Map<string, HeaderEntry>();
  const entryOf = (block: Block): HeaderEntry =>
    ({ header: block.header, hasBody: true, status: 'valid' }) as HeaderEntry;
  has.set(hashKey(regtest.chainId), entryOf(regtest.genesis));
  const taken: string[] = [];
  const chain: ImportDeps['chain'] = {
    entry: (hash) => has.get(hashKey(hash)),
    tip: () => has.get(hashKey(regtest.chainId)) as HeaderEntry,
    async acceptBlock(block, options) {
      assert.equal(options?.requested, true);
      assert.ok(has.has(hashKey(block.header.prevHash)), 'only blocks with a known parent are handed over');
      if (refuse(block)) return broken('bad-cb-amount', 'too much');
      has.set(block.header.key, entryOf(block));
      taken.push(block.header.id);
      return passed({ entry: entryOf(block), result: 'connected' as const });
    },
  };
  return { chain, taken };
}

function fileOf(blocks: readonly Block[]): Uint8Array {
  return Buffer.concat(
    blocks.map((block) => {
      const bytes = encodeBlock(block);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([regtest.magic, length, bytes]);
    }),
  );
}

async function run(
  files: readonly Uint8Array[],
  more: Partial<ImportDeps> & { refuse?: (block: Block) => boolean } = {},
) {
  const { chain, taken } = takingChain(more.refuse);
  const refused: RefusedRecord[] = [];
  let bodies = 0;
  const sources = files.map((bytes, i) => ({
    path: `file${i}`,
    size: bytes.length,
    async read(at: number, size: number) {
      if (size > 80) bodies++;
      return bytes.slice(at, at + size);
    },
  }));
  const result = await importBlocks({
    chain,
    files: {
      paths: sources.map(({ path }) => path),
      sizes: sources.map(({ size }) => size),
      open: async (i) => new BlockRecords(sources[i] as (typeof sources)[0], 'magic', regtest.magic),
      read: (i, at, size) => (sources[i] as (typeof sources)[0]).read(at, size),
    },
    stopped: () => false,
    progress: () => {},
    refused: (record) => refused.push(record),
    ...more,
  });
  return { result, taken, refused, bodies: () => bodies };
}

describe('importing blocks', () => {
  const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 12);
  const ids = blocks.map((block) => block.header.id);

  it('children before parents are taken when the parent has come, from whichever file', async () => {
    const { result, taken } = await run([
      fileOf([...blocks].reverse().slice(0, 7)),
      fileOf([...blocks].reverse().slice(7)),
    ]);
    assert.deepEqual(taken, ids);
    assert.deepEqual([result.counts.connected, result.orphans], [12, 0]);
  });

  it('when there is no room for the blocks that wait, the files are read again as long as that helps', async () => {
    const { result, taken } = await run([fileOf([...blocks].reverse())], { maxWaiting: 3 });
    assert.deepEqual(taken, ids);
    assert.equal(result.orphans, 0);
    const lost = await run([fileOf([...blocks.slice(1)].reverse())], { maxWaiting: 3 });
    assert.deepEqual(lost.taken, []);
    assert.equal(lost.result.orphans, 11);
  });

  it('the end is told when the last file is read, while the last blocks are still with the chain', async () => {
    const order: string[] = [];
    const { chain } = takingChain();
    const slow: ImportDeps['chain'] = {
      ...chain,
      async acceptBlock(block, options) {
        const verdict = await chain.acceptBlock(block, options);
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(block.header.id);
        return verdict;
      },
    };
    const files = [fileOf(blocks.slice(0, 7)), fileOf(blocks.slice(7))];
    const { result } = await run(files, { chain: slow, ending: () => order.push('ending') });
    assert.equal(result.counts.connected, 12);
    assert.deepEqual(
      order.filter((id) => id !== 'ending'),
      ids,
    );
    const at = order.indexOf('ending');
    assert.ok(at >= 7 && at < 12, `told behind ${at} of 12 blocks`);
    assert.equal(order.lastIndexOf('ending'), at);
  });

  it('blocks whose parent is in no file are counted, and the first is named', async () => {
    const { result, taken } = await run([fileOf(blocks.slice(0, 4)), fileOf(blocks.slice(6))]);
    assert.deepEqual(taken, ids.slice(0, 4));
    assert.equal(result.orphans, 6);
    assert.deepEqual(result.firstOrphan, { path: 'file1', offset: 0, parent: ids[5] });
  });

  it('a refused block is told once with its place and rule, and what follows it waits', async () => {
    const { result, refused } = await run([fileOf([...blocks].reverse())], {
      maxWaiting: 3,
      refuse: (block) => block.header.id === ids[5],
    });
    assert.equal(refused.length, 1);
    const [record] = refused;
    assert.deepEqual([record?.path, record?.block, record?.fault.rule], ['file0', ids[5], 'bad-cb-amount']);
    assert.deepEqual([result.counts.connected, result.counts.refused, result.orphans], [5, 1, 6]);
  });

  it('bytes that are no block are told with file and offset; the blocks behind them are taken', async () => {
    const file = Buffer.from(fileOf(blocks));
    const second = fileOf(blocks.slice(0, 1)).length;
    // The number of transactions: behind magic, length and header.
    file[second + 8 + 80] = 0xfc;
    const { refused, taken } = await run([file, fileOf(blocks.slice(1, 2))]);
    assert.deepEqual(
      refused.map(({ path, offset, block, fault }) => [path, offset, block, fault.rule]),
      [['file0', second, undefined, 'malformed']],
    );
    assert.deepEqual([...taken].sort(), [...ids].sort());
  });

  it('known blocks are passed over without reading their bodies', async () => {
    const file = fileOf(blocks);
    const { result, bodies } = await run([file, file]);
    assert.deepEqual([result.counts.connected, result.counts.known], [12, 12]);
    assert.equal(bodies(), 12);
  });

  it('stops before the next block when asked', async () => {
    let left = 5;
    const { result, taken } = await run([fileOf(blocks)], { stopped: () => left-- <= 0 });
    assert.equal(result.stopped, true);
    assert.deepEqual(taken, ids.slice(0, 5));
  });
});

describe('headers of a file', () => {
  const main = builtInNetwork('bitcoin-main') as Network;
  const hooks = { stopped: () => false, progress: () => {} };
  const from = (bytes: Uint8Array) => ({
    path: 'h',
    size: bytes.length,
    read: async (at: number, size: number) => bytes.slice(at, Math.min(bytes.length, at + size)),
  });

  it('of Bitcoin up to 4499 and of another chain with real work are valid on bitcoin-main', async function () {
    for (const [name, height] of [
      ['mainnet-0-4499', 4499],
      ['mainnet-alt-0-2016', 2016],
    ] as const) {
      const chain = await openPassingHeaders(main);
      const result = await importHeaders(from(vectorBytes(this, `headers/${name}.bin`)), chain, hooks);
      assert.deepEqual([result.read, result.refused, chain.bestHeader().height], [height + 1, undefined, height]);
    }
  });

  it('a flipped bit, a missing header and a cut tail are named by offset and rule', async function () {
    const bytes = vectorBytes(this, 'headers/mainnet-0-4499.bin');
    const verify = async (file: Uint8Array) => {
      const { read, refused } = await importHeaders(from(file), await openPassingHeaders(main), hooks);
      return [read, refused?.offset, refused?.fault.rule];
    };
    const flipped = Uint8Array.from(bytes);
    flipped[80 * 3000 + 76] = (flipped[80 * 3000 + 76] as number) ^ 1;
    assert.deepEqual(await verify(flipped), [3000, 240_000, 'high-hash']);
    const gap = Buffer.concat([bytes.subarray(0, 80 * 2016), bytes.subarray(80 * 2017)]);
    assert.deepEqual(await verify(gap), [2016, 161_280, 'prev-blk-not-found']);
    assert.deepEqual(await verify(bytes.subarray(0, 80 * 10 + 79)), [10, 800, 'malformed']);
    assert.deepEqual(await verify(bytes.subarray(80)), [4499, undefined, undefined]);
    assert.deepEqual(await verify(new Uint8Array()), [0, 0, 'malformed'], 'an empty file proves nothing');
  });
});

describe('the rate of something that grows', () => {
  it('follows the last seconds and forgets the beginning', () => {
    const rate = new RecentRate();
    assert.equal(rate.perSecond(0, 0), 0);
    for (let s = 0; s <= 60; s++) rate.observe(s * 1000, s * 1000);
    assert.ok(Math.abs(rate.perSecond(60_000, 60_000) - 1000) < 1);
    for (let s = 61; s <= 120; s++) rate.observe(60_000 + (s - 60) * 10, s * 1000);
    assert.ok(Math.abs(rate.perSecond(60_600, 120_000) - 10) < 1);
  });
});
