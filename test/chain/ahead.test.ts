import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ScriptChecker } from '../../src/chain/ports.ts';
import type { Block } from '../../src/primitives/block.ts';
import { broken, type Check, PASSED } from '../../src/primitives/rules.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, mineChain, type Place, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf } from './setup.ts';

/** Scripts that end when the test says so. */
class HeldScripts implements ScriptChecker {
  readonly held: { end(verdict: Check): void; fail(error: Error): void }[] = [];
  free = true;

  check(): Promise<Check> {
    if (this.free) return Promise.resolve(PASSED);
    return new Promise((end, fail) => this.held.push({ end, fail }));
  }
}

const BAD_SCRIPT = broken('block-script-verify-flag-failed', 'held');
const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Blocks on `at` that each spend what the one before paid out, from the mature coinbase of `base`. */
function chained(base: Block, at: Place, count: number): Block[] {
  const blocks: Block[] = [];
  let from = coinbaseOf(base);
  let place = at;
  for (let i = 0; i < count; i++) {
    const tx = spend([{ tx: from, index: 0 }], [{ value: 5_000_000_000n - BigInt(i + 1), scriptPubKey: ANYONE }]);
    const block = mine(place, { txs: [tx], fees: 1n });
    blocks.push(block);
    place = placeOf(block, place.height + 1);
    from = tx;
  }
  return blocks;
}

async function setUp(count: number, onFailure: (error: unknown) => void = () => {}) {
  const disk = new MemoryDisk();
  const scripts = new HeldScripts();
  const { chain, store } = await openChain(disk, { scripts, onFailure });
  const base = mineChain(chain.genesis, 101);
  await acceptAll(chain, base);
  const blocks = chained(base[0] as Block, chain.tip(), count);
  scripts.free = false;
  return { disk, scripts, chain, store, base, blocks };
}

describe('chain: a block ahead of the tip', () => {
  it('a block kept beside the one ahead that turns out bad below it is bad, too, and no best header', async () => {
    const { disk, chain, scripts, blocks } = await setUp(3);
    const best = chain.tip().header.id;
    await chain.acceptHeaders(blocks);
    const ahead = chain.acceptBlock(blocks[0] as Block);
    const third = chain.acceptBlock(blocks[2] as Block, { requested: true });
    await turns();
    scripts.held[0]?.end(BAD_SCRIPT);
    assert.equal(outcomeOf(await ahead), 'block-script-verify-flag-failed');
    assert.equal(outcomeOf(await third), 'bad-prevblk');
    const hash = blocks[2]?.header.hash as Uint8Array;
    assert.equal(chain.entry(hash)?.status, 'invalid-ancestor');
    assert.equal(chain.bestHeader().header.id, best);
    await disk.restart('kill');
    const again = (await openChain(disk)).chain;
    assert.equal(again.entry(hash)?.status, 'invalid-ancestor');
  });

  it('reading coins moves nothing once the chain is halted', async () => {
    const { chain, store, scripts, blocks } = await setUp(2);
    scripts.free = true;
    await chain.acceptHeaders(blocks);
    await chain.acceptBlock(blocks[1] as Block, { requested: true });
    const commit = store.commit.bind(store);
    let failing = 0;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    store.commit = async (change) => {
      if (chain.tip().height === 101) return commit(change);
      failing++;
      await held;
      throw new Error('no space');
    };
    const outcome = chain.acceptBlock(blocks[0] as Block);
    await turns();
    const read = chain.coins([]);
    release();
    await assert.rejects(outcome, /no space/);
    assert.deepEqual(await read, []);
    await turns();
    assert.equal(failing, 1);
    assert.equal(chain.tip().height, 102);
  });

  it('the coins of the next block are judged while the scripts of the one before run; nothing counts before they passed', async () => {
    const { chain, scripts, blocks, store } = await setUp(3);
    const before = await coinsOf(store);
    const outcomes = blocks.map(async (block) => outcomeOf(await chain.acceptBlock(block)));
    await turns();
    assert.equal(scripts.held.length, 2, 'the second spends what the first made, and its scripts run');
    assert.equal(chain.tip().height, 101);
    assert.deepEqual(await coinsOf(store), before);
    scripts.held[1]?.end(PASSED);
    await turns();
    assert.equal(chain.tip().height, 101, 'in order');
    scripts.held[0]?.end(PASSED);
    await turns();
    assert.equal(chain.tip().height, 103);
    assert.equal(scripts.held.length, 3);
    scripts.held[2]?.end(PASSED);
    assert.deepEqual(await Promise.all(outcomes), ['connected', 'connected', 'connected']);
    assert.equal(chain.tip().height, 104);
  });

  it('a block on top of one whose scripts fail is refused with it, and so are those behind', async () => {
    const { chain, scripts, blocks, store } = await setUp(4);
    const before = await coinsOf(store);
    const outcomes = blocks.map(async (block) => outcomeOf(await chain.acceptBlock(block)));
    await turns();
    scripts.held[0]?.end(BAD_SCRIPT);
    scripts.held[1]?.end(PASSED);
    const [first, ...others] = await Promise.all(outcomes);
    assert.equal(first, 'block-script-verify-flag-failed');
    for (const other of others) assert.equal(other, 'bad-prevblk');
    assert.equal(chain.tip().height, 101);
    assert.deepEqual(await coinsOf(store), before);
    assert.equal(chain.entry((blocks[0] as Block).header.hash)?.status, 'invalid');
    assert.equal(chain.entry((blocks[1] as Block).header.hash)?.status, 'invalid-ancestor');
    scripts.free = true;
    assert.equal(outcomeOf(await chain.acceptBlock(mine(chain.tip()))), 'connected');
  });

  it('a coin spent by the block ahead is gone for the next', async () => {
    const { chain, scripts, base, blocks } = await setUp(1);
    const [first] = blocks as [Block];
    const again = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
    const twice = mine(placeOf(first, 102), { txs: [again] });
    const outcomes = [first, twice].map(async (block) => outcomeOf(await chain.acceptBlock(block)));
    await turns();
    scripts.held[0]?.end(PASSED);
    assert.deepEqual(await Promise.all(outcomes), ['connected', 'bad-txns-inputs-missingorspent']);
    assert.equal(chain.tip().height, 102);
  });

  it('when the scripts cannot be run, nobody is to blame: both calls fail, and the blocks are taken later', async () => {
    const { chain, scripts, blocks } = await setUp(3);
    const calls = blocks.map((block) => chain.acceptBlock(block));
    const results = Promise.allSettled(calls);
    await turns();
    scripts.held[0]?.fail(new Error('the thread died'));
    scripts.held[1]?.end(PASSED);
    const [first, second] = await results;
    assert.equal(first?.status, 'rejected');
    assert.equal(second?.status, 'rejected');
    assert.equal(chain.tip().height, 101);
    assert.equal(chain.halted, undefined);
    scripts.free = true;
    assert.ok((await acceptAll(chain, blocks)).every((o) => o === 'connected' || o === 'known'));
    assert.equal(chain.tip().height, 104);
  });

  it('a failure over the next block, or an order that cannot be carried out, leaves the block ahead alone', async () => {
    const failures: unknown[] = [];
    const { chain, store, scripts, blocks } = await setUp(2, (error) => failures.push(error));
    const coins = store.coins.bind(store);
    const ahead = chain.acceptBlock(blocks[0] as Block);
    await turns();
    store.coins = async () => {
      throw new Error('the disk does not answer');
    };
    // Another coin than that of the block ahead, so that the store is asked.
    const other = spend([{ tx: coinbaseOf(blocks[0] as Block), index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
    const far = spend([{ tx: other, index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
    const next = mine(placeOf(blocks[0] as Block, 102), { txs: [far] });
    await assert.rejects(chain.acceptBlock(next), /the disk does not answer/);
    store.coins = coins;
    await assert.rejects(chain.invalidateBlock(chain.genesis), RangeError);
    assert.deepEqual(failures.map(String), ['Error: the disk does not answer'], 'an order is no failure of ours');
    scripts.held[0]?.end(PASSED);
    assert.equal(outcomeOf(await ahead), 'connected');
    assert.equal(chain.tip().header.id, blocks[0]?.header.id);
    assert.equal(chain.halted, undefined);
  });

  it('the same block twice at once is connected once and known once; a bad copy of it is still told', async () => {
    const { chain, scripts, blocks } = await setUp(2);
    const [first, second] = blocks as [Block, Block];
    const calls = [first, second, first].map(async (block) => outcomeOf(await chain.acceptBlock(block)));
    await turns();
    scripts.free = true;
    for (const run of scripts.held) run.end(PASSED);
    assert.deepEqual(await Promise.all(calls), ['connected', 'connected', 'known']);
    assert.equal(chain.tip().height, 103);
  });

  it('closing does not leave callers waiting, and what was promised is on disk', async () => {
    const { chain, scripts, blocks, disk } = await setUp(6);
    const calls = Promise.allSettled(blocks.map((block) => chain.acceptBlock(block)));
    await turns();
    const closed = chain.close();
    scripts.free = true;
    for (const run of scripts.held) run.end(PASSED);
    const results = await calls;
    await closed;
    const connected = results.filter((r) => r.status === 'fulfilled' && r.value.ok).length;
    assert.equal(chain.tip().height, 101 + connected);
    await disk.restart('kill');
    const again = await openChain(disk);
    assert.equal(again.chain.tip().height, 101 + connected);
    assert.equal((await acceptAll(again.chain, blocks)).at(-1), 'connected');
  });

  it('coins and proposals are answered at the tip, also while blocks are under way', async () => {
    const { chain, scripts, blocks, base } = await setUp(2);
    const calls = blocks.map((block) => chain.acceptBlock(block));
    await turns();
    const [coin] = await chain.coins([{ txid: coinbaseOf(base[0] as Block).txid, index: 0 }]);
    assert.equal(coin?.height, 1, 'the block ahead spends it, but is not the tip');
    const proposal = chain.testBlock(blocks[1] as Block);
    scripts.free = true;
    for (const run of scripts.held) run.end(PASSED);
    for (const call of calls) assert.ok((await call).ok);
    assert.equal((await proposal).ok, false, 'the tip is another by then');
  });

  it('random trees handed in all at once end as when handed in one by one', async function () {
    this.timeout(60_000);
    const base = mineChain({ header: regtest.genesis.header, height: 0 }, 101);
    const start = new MemoryDisk();
    const first = await openChain(start);
    await acceptAll(first.chain, base);
    await first.chain.close();
    const making = fc.record({
      back: fc.nat({ max: 4 }),
      fault: fc.constantFrom('', '', '', '', '', 'greedy', 'script'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(making, { minLength: 2, maxLength: 14 }),
        fc.infiniteStream(fc.nat({ max: 3 })),
        async (makings, waits) => {
          const disk = await start.clone();
          const failing = new Set<string>();
          const scripts: ScriptChecker = {
            async check(jobs) {
              for (let i = waits.next().value as number; i > 0; i--)
                await new Promise((resolve) => setImmediate(resolve));
              return jobs.some((job) => failing.has(job.tx.id)) ? BAD_SCRIPT : PASSED;
            },
          };
          const { chain, store } = await openChain(disk, { scripts });
          const places: Place[] = [placeOf(base[100] as Block, 101)];
          const blocks = makings.map(({ back, fault }, i) => {
            const at = places[Math.max(0, places.length - 1 - back)] as Place;
            const tx = spend(
              [{ tx: coinbaseOf(base[0] as Block), index: 0 }],
              [{ value: BigInt(i + 1), scriptPubKey: ANYONE }],
            );
            const first = at.height === 101;
            if (first && fault === 'script') failing.add(tx.id);
            const block = mine(at, { txs: first ? [tx] : [], fees: fault === 'greedy' ? 10n ** 10n : 0n });
            places.push(placeOf(block, at.height + 1));
            return block;
          });
          await chain.acceptHeaders(blocks);
          await Promise.all(blocks.map((block) => chain.acceptBlock(block, { requested: true })));
          const twin = await openChain(await start.clone(), { scripts });
          await twin.chain.acceptHeaders(blocks);
          for (const block of blocks) await twin.chain.acceptBlock(block, { requested: true });
          assert.equal(chain.tip().height, twin.chain.tip().height);
          assert.equal(chain.tip().header.id, twin.chain.tip().header.id);
          assert.deepEqual(await coinsOf(store), await coinsOf(twin.store));
          for (const { header } of blocks)
            assert.equal(
              chain.entry(header.hash)?.status === 'valid',
              twin.chain.entry(header.hash)?.status === 'valid',
            );
          await disk.restart('kill');
          assert.equal((await openChain(disk, { scripts })).chain.tip().header.id, chain.tip().header.id);
        },
      ),
      { numRuns: 60 },
    );
  });
});
