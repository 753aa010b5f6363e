import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { HeaderChain } from '../../src/chain/headerChain.ts';
import { contextAfter } from '../../src/chain/headerIndex.ts';
import { headerContext } from '../../src/consensus/headerContext.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import type { Block } from '../../src/primitives/block.ts';
import { BlockHeader, type SealedHeader } from '../../src/primitives/header.ts';
import { BlockJobs, memoryOf } from '../../src/sync/blockJobs.ts';
import { missingBlocks } from '../../src/sync/blockPath.ts';
import { FutureHeaders } from '../../src/sync/futureHeaders.ts';
import { HeaderBudget } from '../../src/sync/headerBudget.ts';
import { HeaderWalk } from '../../src/sync/headerWalk.ts';
import { lookbackOf } from '../../src/sync/lookback.ts';
import { Commitments } from '../../src/sync/presync.ts';
import { AssertionFailure } from '../../src/util/assert.ts';
import { mine, mineChain, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, openChain } from '../chain/setup.ts';
import { SimClock } from '../support/simClock.ts';
import { seededRandom } from '../support/simNet.ts';

const GENESIS = { header: regtest.genesis.header, height: 0 };
const NOW = 1_700_000_000_000;

describe('sync: commitments', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('one bit per 600 headers; the same chain always matches', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1 << 30 }), fc.integer({ min: 0, max: 5000 }), (seed, start) => {
        const made = new Commitments(seededRandom(seed));
        const hashOf = (h: number): Uint8Array => new Uint8Array(32).fill(h % 251);
        for (let h = start; h < start + 6000; h++) made.add(h, hashOf(h));
        assert.equal(made.count, 10);
        for (let h = start; h < start + 6000; h++) assert.ok(made.matches(h, hashOf(h)));
        assert.equal(made.count, 0);
      }),
      { numRuns: 30 },
    );
  });

  it('two different hashes get the same bit for half of all salts', () => {
    fc.assert(
      fc.property(hash, hash, (a, b) => {
        fc.pre(a.some((x, i) => x !== b[i]));
        let equal = 0;
        for (let seed = 1; seed <= 200; seed++) {
          const made = new Commitments(seededRandom(seed * 7919));
          for (let h = 0; h < 600; h++) made.add(h, a);
          let same = true;
          for (let h = 0; h < 600; h++) same = made.matches(h, b) && same;
          if (same) equal++;
        }
        assert.ok(equal > 50 && equal < 150, `${equal} of 200`);
      }),
      { numRuns: 20 },
    );
  });

  it('a chain longer than the one committed to does not match', () => {
    const made = new Commitments(seededRandom(3));
    for (let h = 0; h < 600; h++) made.add(h, new Uint8Array(32));
    let all = true;
    for (let h = 0; h < 1200; h++) all = made.matches(h, new Uint8Array(32)) && all;
    assert.equal(all, false);
  });
});

describe('sync: walking headers without keeping them', () => {
  it('comes to the same work and verdicts as the chain that keeps them (regtest)', async () => {
    const { chain } = await openChain();
    const blocks = mineChain(GENESIS, 60);
    await acceptAll(chain, blocks.slice(0, 30));
    const judge = judgeFor(regtest);
    const walk = new HeaderWalk(judge, chain, chain.tip(), lookbackOf(regtest.consensus));
    for (const block of blocks.slice(30)) assert.deepEqual(walk.step(block, NOW), { ok: true, value: undefined });
    await acceptAll(chain, blocks.slice(30));
    assert.equal(walk.work, chain.tip().chainWork);
    assert.equal(walk.height, 60);
    assert.equal(walk.last.id, chain.tip().header.id);
    const skipped = walk.step(mine({ header: (blocks[3] as SealedHeader).header, height: 4 }), NOW);
    assert.ok(!skipped.ok && skipped.rule === 'prev-blk-not-found');
  });

  it('follows a retarget whose first block lies before and within the walk (Bitcoin difficulty, interval 20)', async () => {
    const pow = { ...regtest.consensus.pow, noRetarget: false, allowMinDifficulty: false, interval: 20, spacing: 600 };
    const network: Network = { ...regtest, consensus: { ...regtest.consensus, pow } };
    const judge = judgeFor(network);
    const { chain } = await openChain(undefined, { network, judge });
    let at = chain.genesis;
    const made: SealedHeader[] = [];
    for (let i = 0; i < 90; i++) {
      const parent = at;
      const lookUp = (h: number): BlockHeader => (chain.ancestor(parent, h) as typeof at).header;
      const ctx = headerContext(at.height + 1, at.header, lookUp);
      const time = at.header.time + (i % 40 < 20 ? 300 : 900);
      const bits = judge.nextBits(ctx, at.state, time);
      const header = search({ ...GENESIS.header, prevHash: at.header.hash, time, bits, version: 0x20000000 });
      made.push(header);
      const outcome = await chain.acceptHeaders([header]);
      assert.equal(outcome.error, undefined);
      at = outcome.last as typeof at;
    }
    assert.ok(new Set(made.map((m) => m.header.bits)).size > 2, 'difficulty moved');
    for (const start of [0, 7, 19, 20, 39, 55]) {
      const entry = chain.ancestor(at, start) as typeof at;
      const walk = new HeaderWalk(judge, chain, entry, lookbackOf(network.consensus));
      for (const sealed of made.slice(start)) {
        const verdict = walk.step(sealed, NOW);
        assert.ok(verdict.ok, `from ${start} at ${walk.height}`);
      }
      assert.equal(walk.work, at.chainWork);
    }
  });

  it('follows ASERT, anchored at block 1, from genesis and from later (cairn-devnet)', async () => {
    const devnet = builtInNetwork('cairn-devnet') as Network;
    // Easier than the real one: the headers are found here.
    const pow = { ...devnet.consensus.pow, limitBits: 0x207fffff, startBits: 0x203fffff };
    const network: Network = { ...devnet, consensus: { ...devnet.consensus, pow } };
    const judge = judgeFor(network);
    const store = { loadHeaders: async function* () {}, putHeaders: async () => {} };
    const nowMs = (network.genesis.header.time + 100_000) * 1000;
    const chain = await HeaderChain.open({ network, judge, store, clock: { nowMs: () => nowMs } });
    const made: SealedHeader[] = [];
    for (let i = 0; i < 60; i++) {
      const best = chain.index.byKey(chain.bestHeader().header.key);
      assert.ok(best);
      const time = best.header.time + 2 + (i % 7) * 4;
      const bits = judge.nextBits(contextAfter(best), best.state, time);
      const header = search({ ...network.genesis.header, prevHash: best.header.hash, time, bits, version: 0x20000000 });
      made.push(header);
      assert.equal((await chain.acceptHeaders([header])).error, undefined);
    }
    assert.ok(new Set(made.map((m) => m.header.bits)).size > 20, 'difficulty moved');
    const tip = chain.bestHeader();
    for (const start of [0, 1, 2, 30]) {
      const entry = chain.ancestor(tip, start);
      assert.ok(entry);
      const walk = new HeaderWalk(judge, chain, entry, lookbackOf(network.consensus));
      for (const sealed of made.slice(start)) assert.ok(walk.step(sealed, nowMs).ok, `from ${start}`);
      assert.equal(walk.work, tip.chainWork);
    }
  });
});

function search(fields: ConstructorParameters<typeof BlockHeader>[0]): SealedHeader {
  const { version, prevHash, merkleRoot, time, bits } = fields;
  const target = (BigInt(bits & 0x7fffff) << BigInt(8 * ((bits >>> 24) - 3))) as bigint;
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({ version, prevHash, merkleRoot, time, bits, nonce });
    if (BigInt(`0x${header.id}`) <= target) return { header, seal: new Uint8Array(0) };
  }
}

describe('sync: headers from the future', () => {
  const at = (time: number, nonce: number): SealedHeader => ({
    header: new BlockHeader({
      version: 1,
      prevHash: new Uint8Array(32),
      merkleRoot: new Uint8Array(32),
      time,
      bits: 1,
      nonce,
    }),
    seal: new Uint8Array(0),
  });

  it('are due when the clock allows their time, earliest first', () => {
    const queue = new FutureHeaders(7200);
    queue.add('a', at(10_000, 1));
    queue.add('a', at(9000, 2));
    assert.equal(queue.nextDueMs(), 1_800_000);
    assert.equal(queue.takeDue(1_799_999).length, 0);
    assert.deepEqual(
      queue.takeDue(2_800_000).map((w) => w.sealed.header.time),
      [9000, 10_000],
    );
    assert.equal(queue.size, 0);
    assert.equal(queue.nextDueMs(), undefined);
  });

  it('are bounded: eight per peer, 64 in all, the last to come due gives way; the same one counts once', () => {
    const queue = new FutureHeaders(0);
    for (let i = 0; i < 20; i++) queue.add('a', at(1000 + i, i));
    queue.add('a', at(1000, 0));
    assert.equal(queue.size, 8);
    for (let p = 0; p < 20; p++) for (let i = 0; i < 8; i++) queue.add(`p${p}`, at(500 - p, 100 + 8 * p + i));
    assert.equal(queue.size, 64);
    const times = queue.takeDue(Number.MAX_SAFE_INTEGER).map((w) => w.sealed.header.time);
    assert.ok(times.every((t) => t <= 500));
  });
});

describe('sync: side header budget', () => {
  it('allows a burst, then two a second, per peer', async () => {
    const clock = new SimClock();
    const budget = new HeaderBudget(clock);
    assert.ok(budget.charge('a', 4000));
    assert.equal(budget.charge('a', 1), false);
    assert.ok(budget.charge('b', 1));
    await clock.run(10_000);
    assert.ok(budget.charge('a', 10));
  });
});

describe('sync: block jobs', () => {
  it('go from asked to held to accepting; anything else is a bug', async () => {
    const { chain } = await openChain();
    const blocks = mineChain(GENESIS, 3);
    await chain.acceptHeaders(blocks);
    const [e1, e2] = blocks.map((b) => chain.entry(b.header.hash)) as [
      NonNullable<ReturnType<typeof chain.entry>>,
      NonNullable<ReturnType<typeof chain.entry>>,
    ];
    const jobs = new BlockJobs();
    jobs.ask(e1, 'a', 0);
    jobs.ask(e1, 'b', 5);
    jobs.unask(e1, 'a');
    assert.equal(jobs.get(e1)?.state, 'asked');
    jobs.ask(e2, 'b', 6);
    const came = { block: blocks[1] as Block, bytes: memoryOf(blocks[1] as Block) };
    assert.equal(jobs.hold(e2, 'b', came, 7), true);
    assert.equal(jobs.hold(e2, 'c', came, 8), false);
    assert.throws(() => jobs.ask(e2, 'c', 9), AssertionFailure);
    assert.equal(
      jobs.lowestHeld((e) => e.parent?.hasBody === true),
      undefined,
    );
    const held = jobs.lowestHeld(() => true);
    assert.ok(held);
    assert.equal(jobs.heldBytes, came.bytes);
    jobs.accept(held);
    assert.equal(jobs.heldBytes, 0);
    assert.throws(() => jobs.accept(held), AssertionFailure);
    jobs.drop(e2);
    jobs.unask(e1, 'b');
    assert.equal(jobs.size, 0);
  });
});

describe('sync: which blocks a branch lacks', () => {
  it('lowest first, within the window above the first one missing; nothing on invalid or whole branches', async () => {
    const { chain } = await openChain();
    const main = mineChain(GENESIS, 20);
    await acceptAll(chain, main);
    const branch = [...main.slice(0, 5), ...mineChain({ header: (main[4] as SealedHeader).header, height: 5 }, 30)];
    await chain.acceptHeaders(branch);
    const target = chain.bestHeader();
    assert.equal(target.height, 35);
    const heights = (window: number): number[] => missingBlocks(chain, target, window).map((e) => e.height);
    assert.deepEqual(heights(4), [6, 7, 8, 9]);
    for (const b of branch.slice(5, 12)) await chain.acceptBlock(b, { requested: true });
    assert.deepEqual(heights(4), [13]);
    assert.deepEqual(heights(64).length, 23);
    assert.deepEqual(missingBlocks(chain, chain.tip(), 10), []);
    assert.deepEqual(missingBlocks(chain, chain.genesis, 10), []);
    const at13 = chain.ancestor(target, 13);
    assert.ok(at13);
    await chain.invalidateBlock(at13);
    assert.deepEqual(heights(64), []);
  });

  it('blocks are held by what they take in memory: tiny witness items count for what they are', () => {
    const items = 100_000;
    const fields = { version: 2, lockTime: 0, outputs: [{ value: 0n, scriptPubKey: new Uint8Array(1) }] };
    const input = { prevout: { txid: new Uint8Array(32), index: 0 }, scriptSig: new Uint8Array(0), sequence: 0 };
    const sized = (witness: readonly Uint8Array[]) => {
      const block = { size: 200_000, txs: [{ ...fields, inputs: [{ ...input, witness }] }] };
      return memoryOf(block as never);
    };
    assert.ok(sized([]) < 201_000);
    assert.ok(sized(Array.from({ length: items }, () => Uint8Array.of(1))) > 50 * items);
  });
});
