import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Level } from 'level';
import { coinsAfter } from '../../src/chain/blockAhead.ts';
import type { ChainManager } from '../../src/chain/chainManager.ts';
import { ReadForBlock } from '../../src/chain/coinsInDoubt.ts';
import { HaltedError } from '../../src/chain/halt.ts';
import type { Coin, ScriptChecker } from '../../src/chain/ports.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import { broken, type Check, PASSED } from '../../src/primitives/rules.ts';
import type { KvChainStore } from '../../src/store/chainStore.node.ts';
import { StoreError } from '../../src/store/errors.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { coinKey } from '../../src/store/schema.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf } from './setup.ts';

const HEIGHT = 110;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('chain: a block is not refused on the word of a damaged database', () => {
  let root: string;
  let dir: string;
  let base: Block[];
  /** Spends the coinbase of block 1, which the database holds. */
  let good: Block;
  let spent: OutPoint;
  let told: string[];
  let failures: StoreError[];
  /** The database when damage was met. */
  let written: string[];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'cairn-doubt-'));
    dir = join(root, 'first');
    const { chain, store } = await start();
    base = mineChain(chain.genesis, HEIGHT);
    await acceptAll(chain, base);
    await end(chain, store);
    // Once more: what is in the log becomes a table.
    const again = await start();
    await end(again.chain, again.store);
    const coinbase = coinbaseOf(base[0] as Block);
    spent = { txid: coinbase.txid, index: 0 };
    const pay = spend([{ tx: coinbase, index: 0 }], [{ value: 1_000_000n, scriptPubKey: ANYONE }]);
    good = mine(placeOf(base.at(-1) as Block, HEIGHT), { txs: [pay] });
  });
  beforeEach(async () => {
    dir = join(root, 'run');
    await cp(join(root, 'first'), dir, { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  after(() => rm(root, { recursive: true, force: true }));

  async function start(scripts?: ScriptChecker): Promise<{ chain: ChainManager; store: KvChainStore }> {
    told = [];
    failures = [];
    const store = await openFullStore({
      ...{ dir, network: regtest },
      tell: (message) => void told.push(message),
      damaged: (error) => {
        failures.push(error);
        written = content();
      },
    });
    const { chain } = await openChain(undefined, { store, ...(scripts && { scripts }) });
    return { chain, store };
  }

  async function end(chain: ChainManager, store: KvChainStore): Promise<void> {
    await chain.close();
    await store.close();
  }

  /** Flips a bit in the table that holds the coin's key: at byte `at` of it, or behind it. Returns how to take it back. */
  async function flip(at: number): Promise<{ table: string; undo: () => Promise<void> }> {
    const folder = join(dir, 'chain');
    for (const name of await readdir(folder)) {
      if (!/\.(ldb|sst)$/.test(name)) continue;
      const path = join(folder, name);
      // Keys share their beginnings with those before them: the second half of it is there in any case.
      const found = (await readFile(path)).indexOf(coinKey(spent).subarray(20));
      if (found < 0) continue;
      const change = async (): Promise<void> => {
        const file = await open(path, 'r+');
        const byte = Buffer.alloc(1);
        await file.read(byte, 0, 1, found + at);
        byte[0] = (byte[0] as number) ^ 1;
        await file.write(byte, 0, 1, found + at);
        await file.close();
      };
      await change();
      return { table: path, undo: change };
    }
    return assert.fail('the coin lies in a table');
  }

  /** Everything in the folder of the database, but for LevelDB's own notes. */
  function content(): string[] {
    const folder = join(dir, 'chain');
    return readdirSync(folder)
      .filter((name) => !name.startsWith('LOG'))
      .map((name) => `${name} ${crc32(readFileSync(join(folder, name)))}`);
  }

  async function isDamage(work: Promise<unknown>, pattern: RegExp): Promise<void> {
    await assert.rejects(
      work,
      (error: unknown) =>
        error instanceof StoreError && error.kind === 'corrupt' && error.exitCode === 74 && pattern.test(error.message),
    );
  }

  it('a coin that vanished: the node stops and names the table, the block is taken once the disk is well', async () => {
    const { chain, store } = await start();
    const { table, undo } = await flip(3);
    await isDamage(
      chain.acceptBlock(good),
      /^coin [0-9a-f]{64}:0 is not there: offset \d+: block has a wrong checksum/,
    );
    assert.equal(failures.length, 1, 'whoever runs the node hears of it');
    assert.equal(failures[0]?.path, table);
    assert.match(failures[0]?.hint ?? '', /--reindex-chainstate/);
    assert.notEqual(chain.entry(good.header.hash)?.status, 'invalid');
    await assert.rejects(chain.acceptBlock(mine(chain.tip())), HaltedError);
    await end(chain, store);
    assert.deepEqual(content(), written, 'nothing is written any more');
    await undo();
    const again = await start();
    assert.deepEqual(await acceptAll(again.chain, [good]), ['connected']);
    await end(again.chain, again.store);
  });

  it('a coin that is another: the record is named', async () => {
    const { chain, store } = await start();
    // Behind the rest of the key and eight bytes of sequence number.
    await flip(17 + 8 + 2);
    await isDamage(chain.acceptBlock(good), /^coin [0-9a-f]{64}:0: the record is not what was written/);
    assert.notEqual(chain.entry(good.header.hash)?.status, 'invalid');
    await end(chain, store);
  });

  it('a coin that vanished and was written anew with good checksums: all coins are looked at', async () => {
    await flip(3);
    const level = new Level<Uint8Array, Uint8Array>(join(dir, 'chain'), { keyEncoding: 'view', valueEncoding: 'view' });
    await level.open();
    // A change within the table, or it is only moved.
    await level.put(Uint8Array.of(0x20, 0x80), Uint8Array.of(1));
    await level.del(Uint8Array.of(0x20, 0x80));
    await (level as unknown as { compactRange(a: Uint8Array, b: Uint8Array): Promise<void> }).compactRange(
      Uint8Array.of(0),
      Uint8Array.of(0xff),
    );
    await level.close();
    const { chain, store } = await start();
    await isDamage(chain.acceptBlock(good), /^coin [0-9a-f]{64}:0.*--reindex-chainstate/);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /is not there: before a block is refused for that, all coins are verified/);
    assert.notEqual(chain.entry(good.header.hash)?.status, 'invalid');
    await end(chain, store);
  });

  it('a coin that never was: the block is refused for good, and the coins are not verified for every such block', async () => {
    const { chain, store } = await start();
    const coins = await coinsOf(store);
    const nothing = { tx: coinbaseOf(mine(chain.genesis)), index: 0 };
    for (let i = 0; i < 3; i++) {
      const lie = mine(chain.tip(), { txs: [spend([nothing], [{ value: BigInt(i), scriptPubKey: ANYONE }])] });
      assert.equal(outcomeOf(await chain.acceptBlock(lie)), 'bad-txns-inputs-missingorspent');
      assert.equal(chain.entry(lie.header.hash)?.status, 'invalid');
    }
    assert.equal(told.length, 1);
    assert.deepEqual(failures, []);
    assert.deepEqual(await coinsOf(store), coins);
    assert.deepEqual(await acceptAll(chain, [good]), ['connected']);
    await end(chain, store);
  });

  it('a coin that the block ahead of the tip spends: the next block that spends it, too, is refused, nothing else', async () => {
    let passed = (_: Check): void => {};
    const scripts = { check: () => new Promise<Check>((resolve) => (passed = resolve)) };
    const { chain, store } = await start(scripts);
    const again = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], [{ value: 2n, scriptPubKey: ANYONE }]);
    const lie = mine(placeOf(good, HEIGHT + 1), { txs: [again] });
    const outcomes = [good, lie].map(async (block) => outcomeOf(await chain.acceptBlock(block)));
    while (chain.entry(lie.header.hash) === undefined) await turn();
    for (let i = 0; i < 50; i++) await turn();
    assert.equal(chain.tip().height, HEIGHT, 'the good block is ahead');
    passed(PASSED);
    assert.deepEqual(await Promise.all(outcomes), ['connected', 'bad-txns-inputs-missingorspent']);
    assert.deepEqual(failures, []);
    await end(chain, store);
  });
});

describe('chain: the coin on which a verdict rests', () => {
  const outpoint = (n: number): OutPoint => ({ txid: new Uint8Array(32).fill(n), index: n });
  const coin: Coin = { height: 1, coinbase: false, out: { value: 1n, scriptPubKey: ANYONE } };

  async function asked(rule: Parameters<typeof broken>[0], coins: (Coin | undefined)[]): Promise<unknown[]> {
    const calls: unknown[] = [];
    const read = new ReadForBlock(async () => coins);
    await read.read(coins.map((_, i) => outpoint(i)));
    await read.confirm(broken(rule, 'test'), {
      confirm: async ({ index }, found) => void calls.push([index, found]),
    });
    return calls;
  }

  it('is the first that is missing, or for BIP30 one that is there', async () => {
    assert.deepEqual(await asked('bad-txns-inputs-missingorspent', [coin, undefined, undefined]), [[1, false]]);
    assert.deepEqual(await asked('bad-txns-BIP30', [coin, undefined, coin, undefined]), [[2, true]]);
  });

  it('is none when all are there, as for an output that is spent twice in one block, or for other rules', async () => {
    assert.deepEqual(await asked('bad-txns-inputs-missingorspent', [coin, coin]), []);
    assert.deepEqual(await asked('bad-txns-inputs-missingorspent', []), []);
    assert.deepEqual(await asked('bad-txns-in-belowout', [coin, undefined]), []);
  });

  it('is none that the block ahead of the tip made or spent: storage knows nothing of that', async () => {
    const change = (n: number) => ({ outpoint: outpoint(n), coin });
    const diff = { spent: [change(0)], added: [change(1)] };
    for (const rule of ['bad-txns-inputs-missingorspent', 'bad-txns-BIP30'] as const) {
      const stored = new ReadForBlock(async (outpoints) => outpoints.map(() => undefined));
      const read = coinsAfter(new Uint8Array(32), diff, stored.read);
      assert.deepEqual(await read([outpoint(0), outpoint(1)]), [undefined, coin]);
      await stored.confirm(broken(rule, 'test'), { confirm: async () => assert.fail('nothing to look at') });
    }
  });
});
