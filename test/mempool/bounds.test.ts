import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeDump, encodeDump } from '../../src/mempool/dump.ts';
import { PoolNode } from '../../src/mempool/poolNode.ts';
import { RollingFee } from '../../src/mempool/rollingFee.ts';
import type { PoolSettings } from '../../src/mempool/settings.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { checkStructure } from './invariants.ts';
import { accept, ManualClock, mineOn, openFunded, pay, type Spendable, type World } from './setup.ts';

const HOUR = 3_600_000;

/** A world with `n` confirmed outputs to spend. */
async function openWithCoins(n: number, settings: Partial<PoolSettings> = {}): Promise<World & { coins: Spendable[] }> {
  const world = await openFunded(1, settings);
  const split = pay(world.coins, { outputs: n });
  await accept(world, mineOn(world.chain.tip(), { txs: [split], fees: 10_000n }));
  return Object.assign(world, { coins: split.outputs.map((_, index) => ({ tx: split, index })) });
}

/** Memory of an ordinary entry with one input and one output. */
const ONE = new PoolNode({
  tx: pay([{ tx: pay([], { to: [{ value: 1000n, scriptPubKey: new Uint8Array(22) }] }), index: 0 }], { fee: 0n }),
  fee: 0n,
  timeMs: 0,
  height: 0,
  sequence: 0,
  sigopCost: 0,
  spent: [],
}).memory;

describe('mempool: bounds', () => {
  it('memory: the worst package goes, and the floor rises above it', async () => {
    const world = await openWithCoins(6, { maxMemory: 4 * ONE });
    const removed: string[] = [];
    world.pool.events.on('removed', ({ entry, reason }) => removed.push(`${reason} ${entry.tx.id}`));
    const txs = [5000n, 3000n, 4000n, 6000n].map((fee, i) => pay([world.coins[i] as Spendable], { fee }));
    for (const tx of txs) assert.ok((await world.pool.admit(tx)).ok);
    assert.equal(world.pool.minFeeRate, 100n);
    const next = pay([world.coins[4] as Spendable], { fee: 7000n });
    assert.ok((await world.pool.admit(next)).ok);
    assert.deepEqual(removed, [`sizelimit ${(txs[1] as Tx).id}`]);
    checkStructure(world.pool);
    // 3000 satoshi for 82 vbytes, and 100 per 1000 vbytes on top.
    assert.equal(world.pool.minFeeRate, BigInt(Math.ceil(3_000_000 / next.vsize + 100)));
    const poor = await world.pool.admit(pay([world.coins[5] as Spendable], { fee: 3000n }));
    assert.equal(poor.ok ? 'admitted' : poor.rule, 'mempool min fee not met');
  });

  it('memory: what is itself the worst is refused and nobody hears of it', async () => {
    const world = await openWithCoins(3, { maxMemory: 2 * ONE });
    for (const i of [0, 1]) assert.ok((await world.pool.admit(pay([world.coins[i] as Spendable], { fee: 5000n }))).ok);
    const events: string[] = [];
    world.pool.events.on('added', () => events.push('added'));
    world.pool.events.on('removed', () => events.push('removed'));
    const verdict = await world.pool.admit(pay([world.coins[2] as Spendable], { fee: 4000n }));
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, 'mempool full');
    assert.deepEqual(events, []);
    assert.equal(world.pool.size, 2);
  });

  it('memory: a poor parent with a rich child stays before a middling loner', async () => {
    const world = await openWithCoins(3, { maxMemory: 3 * ONE });
    const parent = pay([world.coins[0] as Spendable], { fee: 100n });
    const child = pay([{ tx: parent, index: 0 }], { fee: 50_000n });
    const loner = pay([world.coins[1] as Spendable], { fee: 6000n });
    for (const tx of [parent, child, loner]) assert.ok((await world.pool.admit(tx)).ok);
    assert.ok((await world.pool.admit(pay([world.coins[2] as Spendable], { fee: 9000n }))).ok);
    assert.equal(world.pool.get(loner.txid), undefined);
    assert.equal(world.pool.size, 3);
  });

  it('a thousand transactions into a pool for a hundred: bounded, and the best remain', async () => {
    const world = await openWithCoins(1000, { maxMemory: 100 * ONE });
    const fees = Array.from({ length: 1000 }, (_, i) => BigInt(1000 + ((i * 7919) % 1000) * 10));
    for (const [i, fee] of fees.entries()) await world.pool.admit(pay([world.coins[i] as Spendable], { fee }));
    checkStructure(world.pool);
    assert.equal(world.pool.size, 100);
    const best = fees.toSorted((a, b) => Number(b - a)).slice(0, 100);
    const kept = world.pool.entries().map((entry) => entry.fee);
    assert.deepEqual(
      kept.toSorted((a, b) => Number(b - a)),
      best,
    );
  }).timeout(10_000);

  it('expiry: after 336 hours a transaction leaves with its descendants', async () => {
    const world = await openWithCoins(2);
    const old = pay([world.coins[0] as Spendable]);
    assert.ok((await world.pool.admit(old)).ok);
    world.clock.ms += 335 * HOUR;
    const child = pay([{ tx: old, index: 0 }]);
    assert.ok((await world.pool.admit(child)).ok);
    world.clock.ms += HOUR + 60_000;
    const removed: string[] = [];
    world.pool.events.on('removed', ({ entry, reason }) => removed.push(`${reason} ${entry.tx.id}`));
    assert.ok((await world.pool.admit(pay([world.coins[1] as Spendable]))).ok);
    assert.deepEqual(removed, [`expiry ${child.id}`, `expiry ${old.id}`]);
  });

  it('expiry: a child of what has just expired is judged without it', async () => {
    const world = await openWithCoins(1);
    const old = pay([world.coins[0] as Spendable]);
    assert.ok((await world.pool.admit(old)).ok);
    world.clock.ms += 336 * HOUR + 60_000;
    const verdict = await world.pool.admit(pay([{ tx: old, index: 0 }]));
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, 'missing-inputs');
    assert.equal(world.pool.size, 0);
  });

  it('the floor stays until a block comes, then halves every 12 h, faster in an emptier pool, and vanishes', () => {
    const clock = new ManualClock(0);
    const floor = new RollingFee(clock, 100n, 1000);
    assert.equal(floor.current(0), 0n);
    floor.evicted(1000, 100);
    assert.equal(floor.current(1000), 10_100n);
    clock.ms += 100 * HOUR;
    assert.equal(floor.current(1000), 10_100n);
    floor.blockConnected();
    clock.ms += 12 * HOUR;
    assert.equal(floor.current(1000), 5050n);
    clock.ms += 6 * HOUR;
    assert.equal(floor.current(499), 2525n);
    clock.ms += 3 * HOUR;
    assert.equal(floor.current(249), 1263n);
    clock.ms += 12 * HOUR;
    assert.equal(floor.current(249), 100n, 'no less than the increment while it lasts');
    clock.ms += 6 * HOUR;
    assert.equal(floor.current(249), 0n);
  });
});

describe('mempool: remembered between runs', () => {
  it('a restart brings back transactions, order and times', async () => {
    const world = await openWithCoins(3);
    const parent = pay([world.coins[0] as Spendable]);
    const child = pay([{ tx: parent, index: 0 }, world.coins[1] as Spendable]);
    assert.ok((await world.pool.admit(parent)).ok);
    world.clock.ms += 5000;
    assert.ok((await world.pool.admit(child)).ok);
    const bytes = world.pool.dump();
    const times = world.pool.entries().map((entry) => entry.timeMs);
    world.clock.ms += 60_000;
    const restarted = world.newPool();
    const outcome = await restarted.load(bytes);
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.value, { admitted: 2, expired: 0, refused: 0 });
    assert.deepEqual(
      restarted.entries().map((entry) => entry.timeMs),
      times,
    );
    assert.deepEqual(restarted.dump(), bytes);
  });

  it('what expired, was confirmed or is held already is left out', async () => {
    const world = await openWithCoins(3);
    const txs = [0, 1, 2].map((i) => pay([world.coins[i] as Spendable]));
    for (const tx of txs) assert.ok((await world.pool.admit(tx)).ok);
    const bytes = world.pool.dump();
    await accept(world, mineOn(world.chain.tip(), { txs: txs.slice(0, 1), fees: 10_000n }));
    assert.deepEqual(await world.pool.load(bytes), { ok: true, value: { admitted: 0, expired: 0, refused: 3 } });
    world.clock.ms += 337 * HOUR;
    assert.deepEqual(await world.pool.load(bytes), { ok: true, value: { admitted: 0, expired: 3, refused: 0 } });
  });

  it('the bytes are fixed: magic, version, count, time and transaction', () => {
    const tx = pay([], { to: [{ value: 1n, scriptPubKey: Uint8Array.of(0x51) }], fee: -1n });
    assert.equal(
      Buffer.from(encodeDump([{ tx, timeMs: 258 }])).toString('hex'),
      `434149524e504f4f4c01010201000000000000${Buffer.from(tx.bytes).toString('hex')}`,
    );
  });

  it('cut, foreign or unknown bytes are refused whole', () => {
    const good = encodeDump([]);
    assert.deepEqual(decodeDump(good), { ok: true, value: [] });
    const changed = (at: number, to: number): Uint8Array => good.map((b, i) => (i === at ? to : b));
    for (const [bytes, why] of [
      [new Uint8Array(0), /magic/],
      [good.subarray(0, -1), /pool size/],
      [changed(3, 0), /magic/],
      [changed(9, 2), /version 2/],
      [changed(10, 200), /200 elements cannot fit/],
      [concatBytes(good, Uint8Array.of(0)), /too many/],
    ] as const) {
      const verdict = decodeDump(bytes);
      assert.ok(!verdict.ok);
      assert.equal(verdict.rule, 'malformed');
      assert.match(verdict.detail, why);
    }
  });

  it('any bytes: a list or a verdict, never a throw', () => {
    const real = encodeDump([{ tx: pay([], { to: [{ value: 1n, scriptPubKey: Uint8Array.of(0x51) }] }), timeMs: 1 }]);
    fc.assert(
      fc.property(
        fc.nat({ max: real.length - 1 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: real.length }),
        (at, to, cut) => {
          const bytes = real.slice(0, cut);
          if (at < cut) bytes[at] = to;
          assert.equal(typeof decodeDump(bytes).ok, 'boolean');
        },
      ),
      { numRuns: 500 },
    );
  });
});
