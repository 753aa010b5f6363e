import assert from 'node:assert/strict';
import type { HeaderEntry } from '../../src/chain/entry.ts';
import type { ChainEvents } from '../../src/chain/events.ts';
import type { TxIndexStore } from '../../src/index/ports.ts';
import { TxIndex } from '../../src/index/txIndex.ts';
import type { Block } from '../../src/primitives/block.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { txKey } from '../../src/store/schema.ts';
import { KvTxIndexStore } from '../../src/store/txIndexStore.node.ts';
import { Emitter } from '../../src/util/events.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { coinbaseOf, mine, mineChain, placeOf } from '../chain/regtestMiner.ts';
import { acceptAll, openChain, type TestChain } from '../chain/setup.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Indexed extends TestChain {
  readonly index: TxIndex;
  readonly kv: MemoryKv;
  readonly warnings: string[];
}

async function withIndex(t: TestChain, kv = new MemoryKv(), store?: TxIndexStore): Promise<Indexed> {
  const warnings: string[] = [];
  const log = {
    ...silentLogger,
    warn: (fields: { readonly [key: string]: unknown }) => void warnings.push(String(fields.reason)),
  };
  const index = new TxIndex({
    ...{ chain: t.chain, store: store ?? new KvTxIndexStore(kv, 'memory'), log },
    pause: turn,
  });
  index.start();
  return { ...t, index, kv, warnings };
}

async function settled({ index }: Indexed): Promise<void> {
  for (let i = 0; i < 2000 && !index.info().synced && index.info().failed === undefined; i++) await turn();
  await turn();
}

const txid = (block: Block): Uint8Array => coinbaseOf(block).txid;

async function holds({ index }: Indexed, block: Block): Promise<boolean> {
  const found = await index.find(txid(block));
  return found !== undefined && Buffer.compare(found, block.header.hash) === 0;
}

describe('index: transactions', () => {
  it('an index switched on for an existing chain is built while the chain goes on', async () => {
    const t = await openChain();
    const blocks = mineChain(t.chain.genesis, 60);
    await acceptAll(t.chain, blocks.slice(0, 50));
    const i = await withIndex(t);
    assert.equal(i.index.info().synced, false);
    await acceptAll(t.chain, blocks.slice(50));
    await settled(i);
    assert.deepEqual(i.index.info(), { synced: true, bestHeight: 60, failed: undefined });
    for (const block of blocks) assert.ok(await holds(i, block));
    assert.equal(await i.index.find(new Uint8Array(32)), undefined);
    await i.index.close();
  });

  it('follows blocks at once, and reorganisations', async () => {
    const i = await withIndex(await openChain());
    await settled(i);
    const base = mineChain(i.chain.genesis, 5);
    await acceptAll(i.chain, base);
    for (const block of base) assert.ok(await holds(i, block));
    const branch = mineChain(placeOf(base[1] as Block, 2), 5);
    await i.chain.acceptHeaders(branch);
    await acceptAll(i.chain, branch);
    for (const block of [...base.slice(0, 2), ...branch]) assert.ok(await holds(i, block));
    for (const block of base.slice(2)) assert.equal(await i.index.find(txid(block)), undefined);
    assert.equal(i.index.info().bestHeight, 7);
    await i.index.close();
  });

  it('goes on where it was left, over blocks and a reorganisation it did not see', async () => {
    const t = await openChain();
    const base = mineChain(t.chain.genesis, 8);
    await acceptAll(t.chain, base);
    const first = await withIndex(t);
    await settled(first);
    await first.index.close();
    const branch = mineChain(placeOf(base[4] as Block, 5), 6);
    await t.chain.acceptHeaders(branch);
    await acceptAll(t.chain, branch);
    const again = await withIndex(t, first.kv);
    await settled(again);
    for (const block of [...base.slice(0, 5), ...branch]) assert.ok(await holds(again, block));
    for (const block of base.slice(5)) {
      assert.equal(await again.index.find(txid(block)), undefined);
      assert.equal(await again.kv.get(txKey(txid(block))), undefined);
    }
    await again.index.close();
  });

  it('entries of blocks that a power cut took from the chain are not believed, and replaced when others come', async () => {
    const t = await openChain();
    const base = mineChain(t.chain.genesis, 6);
    await acceptAll(t.chain, base);
    const first = await withIndex(t);
    await settled(first);
    await first.index.close();
    // A chain that knows only the first four of them.
    const less = await openChain();
    await acceptAll(less.chain, base.slice(0, 4));
    const again = await withIndex(less, first.kv);
    await settled(again);
    assert.ok(await holds(again, base[3] as Block));
    assert.equal(await again.index.find(txid(base[5] as Block)), undefined);
    const other = mine(less.chain.tip());
    await acceptAll(less.chain, [other]);
    assert.ok(await holds(again, other));
    await again.index.close();
  });

  it('whatever fails makes the index unusable and harms nothing else', async () => {
    const broken = (part: Partial<TxIndexStore>): TxIndexStore => ({
      locator: async () => undefined,
      find: async () => undefined,
      write: async () => {},
      ...part,
    });
    const no = async (): Promise<never> => {
      throw new Error('disk on fire');
    };
    for (const store of [broken({ locator: no }), broken({ write: no }), broken({ find: no })]) {
      const i = await withIndex(await openChain(), undefined, store);
      await settled(i);
      const blocks = mineChain(i.chain.genesis, 3);
      assert.deepEqual(await acceptAll(i.chain, blocks), ['connected', 'connected', 'connected']);
      await turn();
      assert.equal(await i.index.find(new Uint8Array(32)), undefined);
      assert.match(i.index.info().failed ?? '', /disk on fire/);
      assert.equal(i.index.info().synced, false);
      assert.deepEqual(i.warnings, ['disk on fire']);
      await i.index.close();
    }
    const none = await openChain();
    const index = new TxIndex({
      chain: none.chain,
      store: undefined,
      reason: 'locked',
      log: silentLogger,
      pause: turn,
    });
    index.start();
    assert.equal(index.info().failed, 'locked');
    await index.close();
  });

  it('a damaged entry is told, and the node goes on', async () => {
    const i = await withIndex(await openChain());
    await settled(i);
    const [block] = mineChain(i.chain.genesis, 1) as [Block];
    await acceptAll(i.chain, [block]);
    await turn();
    await i.kv.batch([{ type: 'put', key: txKey(txid(block)), value: Uint8Array.of(1, 2) }], { sync: true });
    assert.equal(await i.index.find(txid(block)), undefined);
    assert.match(i.index.info().failed ?? '', /entry of the index/);
    assert.deepEqual(await acceptAll(i.chain, [mine(i.chain.tip())]), ['connected']);
    await i.index.close();
  });

  it('over a tip that jumps and blocks that are not validated yet, it takes in what is valid', async () => {
    const t = await openChain();
    const blocks = mineChain(t.chain.genesis, 20);
    await acceptAll(t.chain, blocks);
    const events = new Emitter<ChainEvents>();
    let height = 5;
    let validated = 5;
    const at = (h: number): HeaderEntry => {
      const entry = t.chain.atHeight(h) as HeaderEntry;
      return h <= validated ? entry : Object.create(entry, { status: { value: 'stored' } });
    };
    const entries = new Map<number, HeaderEntry>();
    const entryAt = (h: number): HeaderEntry | undefined => {
      if (h > height) return undefined;
      const known = entries.get(h) ?? at(h);
      if (known.status === 'valid') entries.set(h, known);
      return known;
    };
    const chain = {
      events,
      tip: () => entryAt(height) as HeaderEntry,
      atHeight: entryAt,
      entry: (hash: Uint8Array) => t.chain.entry(hash),
      isActive: (entry: HeaderEntry) => entry.height <= height,
      readBlock: (entry: HeaderEntry) => t.chain.readBlock(t.chain.atHeight(entry.height) as HeaderEntry),
      locator: (entry: HeaderEntry) => t.chain.locator(t.chain.atHeight(entry.height) as HeaderEntry),
    };
    const index = new TxIndex({
      ...{ chain, store: new KvTxIndexStore(new MemoryKv(), 'memory'), log: silentLogger, pause: turn },
    });
    const reaches = async (wanted: number): Promise<void> => {
      for (let i = 0; i < 200 && index.info().bestHeight < wanted; i++) await turn();
      assert.equal(index.info().bestHeight, wanted);
    };
    index.start();
    await reaches(5);
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(index.info().synced, true);
    // The coins of block 15 are loaded: no block was connected on the way.
    height = 15;
    events.emit('tip', { entry: chain.tip(), previous: chain.tip() });
    for (let i = 0; i < 20; i++) await turn();
    assert.deepEqual(index.info(), { synced: false, bestHeight: 5, failed: undefined });
    validated = 10;
    index.look();
    await reaches(10);
    assert.ok(await index.find(txid(blocks[9] as Block)));
    assert.equal(index.info().synced, false);
    validated = 20;
    index.look();
    await reaches(15);
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(index.info().synced, true);
    await index.close();
  });

  it('an index that fails just before a write leaves its place where its entries are', async () => {
    const t = await openChain();
    const blocks = mineChain(t.chain.genesis, 3);
    const kv = new MemoryKv();
    const kept = new KvTxIndexStore(kv, 'memory');
    let gate: Promise<void> | undefined;
    const store: TxIndexStore = {
      locator: () => kept.locator(),
      write: (change) => kept.write(change),
      find: () => Promise.reject(new Error('disk on fire')),
    };
    const pause = async (): Promise<void> => {
      await turn();
      await gate;
    };
    const index = new TxIndex({ chain: t.chain, store, log: silentLogger, pause });
    index.start();
    await settled({ ...t, index, kv, warnings: [] });
    assert.equal(index.info().synced, true);
    const before = await kept.locator();
    let open: () => void = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    await acceptAll(t.chain, blocks);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(await index.find(new Uint8Array(32)), undefined);
    assert.match(index.info().failed ?? '', /disk on fire/);
    open();
    await index.close();
    assert.deepEqual(await kept.locator(), before);
    assert.equal(await kept.find(txid(blocks[0] as Block)), undefined);
  });

  it('a chain that was pruned cannot be indexed, and says so', async () => {
    const t = await openChain();
    await acceptAll(t.chain, mineChain(t.chain.genesis, 320));
    await t.chain.prune({ upTo: 320 });
    const i = await withIndex(t);
    await settled(i);
    assert.match(i.index.info().failed ?? '', /block 0 .* has no body/);
    await i.index.close();
  });
});
