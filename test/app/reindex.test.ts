import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, findingLine } from '../../src/app/db/findings.ts';
import { reindexBlocks } from '../../src/app/db/reindex.ts';
import { verifyStore } from '../../src/app/db/verifyStore.ts';
import type { HeaderStore } from '../../src/chain/ports.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import type { Block } from '../../src/primitives/block.ts';
import { nodeBlockFs } from '../../src/store/blockFsNode.node.ts';
import type { KvChainStore } from '../../src/store/chainStore.node.ts';
import { StoreError, UnvalidatedCoinsError } from '../../src/store/errors.ts';
import { openLevelKv, openSummedKv } from '../../src/store/kvLevel.node.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { beginChainstate, type Rebuild } from '../../src/store/rebuild.ts';
import { coinKey, PREFIX, REBUILD_KEY, rangeOf, SNAPSHOT_KEY } from '../../src/store/schema.ts';
import type { KvOp } from '../../src/util/ports.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain, type TestChain } from '../chain/setup.ts';

const NOW = 1_700_000_000_000;
const COIN = 100_000_000n;

describe('app: reindex', function () {
  this.timeout(30_000);
  let root: string;
  let dir: string;
  let blocks: Block[];
  let goal: { tip: string; coins: string[] };

  /** The chain of `dir`, with what was asked for made anew. `failAfter`: bytes of files after which reading them fails. */
  async function open(
    wanted?: Rebuild,
    options: { failAfter?: number; skipped?: string[]; stop?: AbortSignal } = {},
  ): Promise<TestChain & { store: KvChainStore }> {
    const store = await openFullStore({
      ...{ dir, network: regtest, maxFileBytes: 8000 },
      rebuild: {
        wanted,
        async index(headers: HeaderStore, fs) {
          const { end } = await reindexBlocks({
            ...{ network: regtest, judge: judgeFor(regtest), store: headers, fs, nowMs: NOW, stop: options.stop },
            progress(done) {
              if (done >= (options.failAfter ?? Number.POSITIVE_INFINITY)) throw new Error('power cut');
            },
            skipped: (path, offset, reason) => options.skipped?.push(`${path}: ${offset}: ${reason}`),
          });
          return end;
        },
      },
    });
    try {
      const opened = await openChain(undefined, { store });
      await store.rebuilt();
      return { ...opened, store };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async function close({ chain, store }: { chain: TestChain['chain']; store: KvChainStore }): Promise<void> {
    await chain.close();
    await store.close();
  }

  async function reaches(wanted?: Rebuild): Promise<void> {
    const opened = await open(wanted);
    assert.equal(opened.chain.tip().header.id, goal.tip);
    assert.deepEqual(await coinsOf(opened.store), goal.coins);
    assert.equal(await opened.store.coinCount(), goal.coins.length);
    assert.equal(opened.store.rebuild, undefined);
    assert.deepEqual(await acceptAll(opened.chain, [mine(opened.chain.tip())]), ['connected']);
    await close(opened);
    assert.deepEqual(await findings(), []);
  }

  async function findings(): Promise<string[]> {
    const found: Finding[] = [];
    await verifyStore({
      ...{ network: regtest, judge: judgeFor(regtest), nowMs: NOW },
      ...{ database: nodeFolder(join(dir, 'chain')), blocks: nodeBlockFs(join(dir, 'blocks')) },
      ...{ found: (finding) => found.push(finding), progress: () => {}, stopped: () => false },
    });
    return found.map(findingLine);
  }

  async function damage(name: string, change: (bytes: Buffer) => Buffer): Promise<void> {
    const path = join(dir, name);
    await writeFile(path, change(await readFile(path)));
  }

  const flip =
    (at: number) =>
    (bytes: Buffer): Buffer => {
      bytes[at] = (bytes[at] as number) ^ 4;
      return bytes;
    };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'cairn-reindex-'));
    dir = join(root, 'first');
    const first = await open();
    const base = mineChain(first.chain.genesis, 110);
    const at = placeOf(base[109] as Block, 110);
    const pay = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], [{ value: COIN, scriptPubKey: ANYONE }]);
    const losing = mine(at, { txs: [pay] });
    const winning = mineChain(at, 3);
    blocks = [...base, losing, ...winning];
    // Out of order on disk, and with a reorganisation.
    await first.chain.acceptHeaders([...base, losing, ...winning]);
    await acceptAll(first.chain, base.slice(0, 50));
    for (const block of base.slice(50, 60).reverse()) await first.chain.acceptBlock(block, { requested: true });
    await acceptAll(first.chain, [...base.slice(60), losing, ...winning]);
    goal = { tip: first.chain.tip().header.id, coins: await coinsOf(first.store) };
    assert.equal(goal.tip, winning[2]?.header.id);
    await close(first);
  });
  beforeEach(async () => {
    dir = join(root, 'run');
    await cp(join(root, 'first'), dir, { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  after(() => rm(root, { recursive: true, force: true }));

  it('the coins are made anew from the blocks', async () => {
    const kv = await openSummedKv(join(dir, 'chain'));
    const coins: Uint8Array[] = [];
    for await (const [key] of kv.iterate(rangeOf(PREFIX.COIN))) coins.push(key);
    await kv.batch(
      coins.slice(10).map((key) => ({ type: 'put', key, value: Uint8Array.of(1, 2, 3) }) as const),
      { sync: true },
    );
    await kv.close();
    await reaches('chainstate');
  });

  it('the coins are made anew whatever has become of them and of the tables they lie in', async () => {
    const folder = join(dir, 'chain');
    const kv = await openSummedKv(folder);
    // Far more than headers, in tables of their own.
    const more = Array.from({ length: 60_000 }, (_, n): KvOp => {
      const key = new Uint8Array(37).fill(n >> 8);
      key[0] = PREFIX.COIN;
      key[36] = n;
      return { type: 'put', key, value: new Uint8Array(60).map((_, i) => (n * 31 + i * i) >> (i & 7)) };
    });
    await kv.batch(more, { sync: true });
    await kv.settle();
    await kv.close();
    let hurt = 0;
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.ldb')) continue;
      const bytes = await readFile(join(folder, name));
      if (bytes.length < 500_000) continue;
      // In a block, in the index, in the footer.
      for (const at of [bytes.length >> 1, bytes.length - 2000, bytes.length - 3])
        bytes[at] = (bytes[at] as number) ^ 8;
      await writeFile(join(folder, name), bytes);
      hurt++;
    }
    assert.ok(hurt > 0);
    await assert.rejects(open(), /--reindex/);
    await reaches('chainstate');
  });

  it('damage among the headers is named, and the way out is to read them from the files', async () => {
    const kv = await openLevelKv(join(dir, 'chain'));
    for await (const [key, value] of kv.iterate({ ...rangeOf(PREFIX.HEADER), limit: 1 })) {
      value[90] = (value[90] as number) ^ 1;
      await kv.batch([{ type: 'put', key, value }], { sync: true });
    }
    await kv.close();
    for (const wanted of [undefined, 'chainstate'] as const)
      await assert.rejects(
        open(wanted),
        (error: unknown) =>
          error instanceof StoreError && /^header [0-9a-f]{64} at height 0: .*--reindex to/.test(error.message),
      );
    await reaches('index');
  });

  it('blocks above a snapshot that is not validated are not believed: only the index is made anew', async () => {
    const base = (blocks[99] as Block).header.hash;
    const record = { base, coinsHash: new Uint8Array(32), chainTx: 101 };
    for (const state of ['unvalidated', 'refuted'] as const) {
      const first = await open();
      await first.store.setSnapshot({ ...record, state });
      await close(first);
      await assert.rejects(open('chainstate'), UnvalidatedCoinsError);
      const kv = await openSummedKv(join(dir, 'chain'));
      assert.ok((await kv.get(SNAPSHOT_KEY)) !== undefined, 'nothing was changed');
      await kv.batch([{ type: 'del', key: SNAPSHOT_KEY }], { sync: true });
      await kv.close();
    }
    const last = await open();
    await last.store.setSnapshot({ ...record, state: 'refuted' });
    await close(last);
    await reaches('index');
  });

  it('a deletion of the coins that was interrupted goes on with any start', async () => {
    const kv = await openSummedKv(join(dir, 'chain'));
    let left = 30;
    const stopping = {
      ...kv,
      get: kv.get.bind(kv),
      batch: kv.batch.bind(kv),
      async *iterate(range: Parameters<typeof kv.iterate>[0]) {
        for await (const entry of kv.iterate(range)) {
          if (left-- === 0) throw new Error('power cut');
          await kv.batch([{ type: 'del', key: entry[0] }], { sync: true });
          yield entry;
        }
      },
    };
    await assert.rejects(beginChainstate(stopping as never, true), /power cut/);
    assert.deepEqual(await kv.get(REBUILD_KEY), Uint8Array.of(1));
    await kv.close();
    await reaches();
  });

  it('asked to stop it ends soon, whatever it is doing, and the next start goes on', async () => {
    const kv = await openSummedKv(join(dir, 'chain'));
    // More than are deleted at once.
    const many = Array.from({ length: 25_000 }, (_, i) => coinKey({ txid: new Uint8Array(32), index: i }));
    await kv.batch(
      many.map((key) => ({ type: 'put', key, value: Uint8Array.of(0) })),
      { sync: true },
    );
    const stop = AbortSignal.abort(new Error('asked to stop'));
    await assert.rejects(beginChainstate(kv, true, stop), /asked to stop/);
    let left = 0;
    for await (const _ of kv.iterate(rangeOf(PREFIX.COIN))) left++;
    assert.ok(left > 10_000, `${left} coins are left`);
    assert.deepEqual(await kv.get(REBUILD_KEY), Uint8Array.of(1));
    await kv.close();
    await assert.rejects(open('index', { stop }), /asked to stop/);
    assert.deepEqual(await findings(), [], 'half-made is not damaged');
    await reaches();
  });

  it('the index is made anew from the files, whatever has become of the database', async () => {
    for (const name of await readdir(join(dir, 'chain'))) await damage(join('chain', name), () => Buffer.from('junk'));
    await assert.rejects(open(), /--reindex/);
    await reaches('index');
    assert.deepEqual(
      (await readdir(dir)).filter((name) => /old|new/.test(name)),
      [],
    );
  });

  it('goes on when it is interrupted while files are read, also when asked for again', async () => {
    const { length } = await readFile(join(dir, 'blocks', 'blk00000.dat'));
    await assert.rejects(open('index', { failAfter: length + 3000 }), /power cut/);
    await assert.rejects(open('index', { failAfter: length * 2 }), /power cut/);
    await reaches();
  });

  it('a crash between the two databases is finished with the next start', async () => {
    await assert.rejects(open('index', { failAfter: 0 }), /power cut/);
    await rename(join(dir, 'chain'), join(dir, 'chain.new'));
    await cp(join(root, 'first', 'chain'), join(dir, 'chain.old'), { recursive: true });
    await reaches();
    assert.deepEqual(
      (await readdir(dir)).filter((name) => /old|new/.test(name)),
      [],
    );
  });

  it('a new database that was not finished leaves the old one', async () => {
    await cp(join(root, 'first', 'chain'), join(dir, 'chain.new'), { recursive: true });
    await damage(join('chain.new', 'CURRENT'), () => Buffer.alloc(0));
    await reaches();
  });

  it('damaged records are skipped and told, and their blocks are taken again', async () => {
    const skipped: string[] = [];
    await damage(join('blocks', 'blk00000.dat'), flip(5000));
    await damage(join('blocks', 'blk00002.dat'), (bytes) => bytes.subarray(0, 3000));
    const opened = await open('index', { skipped });
    assert.ok(
      skipped.some((text) => /blk00000\.dat: \d+: record has a wrong checksum/.test(text)),
      skipped.join('\n'),
    );
    assert.ok(
      skipped.some((text) => /blk00002\.dat: \d+: record is cut off/.test(text)),
      skipped.join('\n'),
    );
    const { height } = opened.chain.tip();
    assert.ok(height > 5 && height < 50, `height ${height}`);
    for (const block of blocks) await opened.chain.acceptBlock(block, { requested: true });
    assert.equal(opened.chain.tip().header.id, goal.tip);
    assert.deepEqual(await coinsOf(opened.store), goal.coins);
    await close(opened);
    // What was skipped in the middle of a file stays there, as bytes that no header names.
    assert.deepEqual(await findings(), []);
  });

  it('a chain whose first file is gone starts from genesis', async () => {
    await rm(join(dir, 'blocks', 'blk00000.dat'));
    const opened = await open('index');
    assert.equal(opened.chain.tip().height, 0);
    assert.ok((await opened.store.sizeOnDisk()) < 1000);
    assert.deepEqual(await acceptAll(opened.chain, blocks.slice(0, 3)), ['connected', 'connected', 'connected']);
    await close(opened);
    assert.deepEqual(await findings(), []);
  });

  it('who cannot read files does not open a half-made index', async () => {
    await assert.rejects(open('index', { failAfter: 0 }), /power cut/);
    await assert.rejects(openFullStore({ dir, network: regtest }), /Start the node/);
  });
});
