import assert from 'node:assert/strict';
import type { PoolEntry, PoolEvents } from '../../src/mempool/pool.ts';
import { RestoreList } from '../../src/mempool/restoreList.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { Check } from '../../src/primitives/rules.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { mineChain } from '../chain/regtestMiner.ts';
import { checkInputs, checkStructure } from './invariants.ts';
import { accept, mineOn, openFunded, PAYOUT, pay, type Spendable, type World } from './setup.ts';

describe('mempool: blocks and reorganisations', () => {
  let world: World & { coins: Spendable[] };
  let a: Spendable;
  let b: Spendable;
  let removed: string[];

  beforeEach(async () => {
    world = await openFunded(6);
    [a, b] = world.coins as [Spendable, Spendable];
    removed = [];
    world.pool.events.on('removed', ({ entry, reason }: PoolEvents['removed']) =>
      removed.push(`${reason} ${entry.tx.id}`),
    );
    for (const event of ['added', 'removed'] as const) world.pool.events.on(event, () => checkStructure(world.pool));
  });

  async function admit(...txs: Tx[]): Promise<void> {
    for (const tx of txs) {
      const verdict = await world.pool.admit(tx);
      assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
    }
  }
  /** A branch of `n` blocks from `back` blocks below the tip; the first holds `txs`. */
  function branch(back: number, n: number, txs: readonly Tx[] = [], fees = 0n): Block[] {
    const fork = world.chain.atHeight(world.chain.tip().height - back);
    assert.ok(fork !== undefined);
    const first = mineOn(fork, { txs, fees });
    return [first, ...mineChain({ header: first.header, height: fork.height + 1 }, n - 1, { payout: PAYOUT })];
  }
  const ids = (): string[] => world.pool.entries().map((entry) => entry.tx.id);
  async function settled(): Promise<void> {
    await world.pool.idle();
    checkStructure(world.pool);
    await checkInputs(world);
  }

  it('a block takes its transactions out and leaves their children', async () => {
    const parent = pay([a]);
    const child = pay([{ tx: parent, index: 0 }]);
    await admit(parent, child);
    await accept(world, mineOn(world.chain.tip(), { txs: [parent], fees: 10_000n }));
    assert.deepEqual(ids(), [child.id]);
    assert.deepEqual(removed, [`block ${parent.id}`]);
    assert.equal(world.pool.get(child.txid)?.withAncestors.count, 1);
    await settled();
  });

  it('a block takes out what spends the same outputs, with descendants', async () => {
    const loser = pay([a]);
    const child = pay([{ tx: loser, index: 0 }]);
    const other = pay([b]);
    await admit(loser, child, other);
    const winner = pay([a], { fee: 5n });
    await accept(world, mineOn(world.chain.tip(), { txs: [winner], fees: 5n }));
    assert.deepEqual(ids(), [other.id]);
    assert.deepEqual(removed, [`conflict ${child.id}`, `conflict ${loser.id}`]);
    await settled();
  });

  it('a transaction confirmed with another witness leaves too', async () => {
    const tx = pay([a], { witness: [Uint8Array.of(1)] });
    const copy = pay([a], { witness: [Uint8Array.of(2)] });
    assert.equal(tx.id, copy.id);
    await admit(tx);
    await accept(world, mineOn(world.chain.tip(), { txs: [copy], fees: 10_000n }));
    assert.equal(world.pool.size, 0);
    assert.deepEqual(removed, [`block ${tx.id}`]);
  });

  it('a reorganisation gives transactions back, parents first, and keeps their children', async () => {
    const parent = pay([a], { outputs: 2 });
    const child = pay([{ tx: parent, index: 0 }]);
    const late = pay([{ tx: parent, index: 1 }]);
    await accept(world, mineOn(world.chain.tip(), { txs: [parent], fees: 10_000n }));
    await accept(world, mineOn(world.chain.tip(), { txs: [child], fees: 10_000n }));
    world.clock.ms += 1000;
    await admit(late);
    const { timeMs } = world.pool.get(late.txid) as { timeMs: number };
    world.clock.ms += 1000;
    await accept(world, ...branch(2, 3));
    await settled();
    assert.deepEqual(ids(), [parent.id, child.id, late.id]);
    assert.equal(world.pool.get(late.txid)?.timeMs, timeMs, 'a displaced entry keeps its time');
  });

  it('what the new branch confirms or spends does not come back', async () => {
    const parent = pay([a]);
    const child = pay([{ tx: parent, index: 0 }]);
    const other = pay([b]);
    await accept(world, mineOn(world.chain.tip(), { txs: [parent, child, other], fees: 30_000n }));
    const rival = pay([a], { fee: 7n });
    await accept(world, ...branch(1, 2, [rival, other], 10_007n));
    await settled();
    assert.deepEqual(ids(), []);
  });

  it('fees paid once are enough: a free transaction of a block comes back', async () => {
    const free = pay([a], { fee: 0n });
    await accept(world, mineOn(world.chain.tip(), { txs: [free] }));
    await accept(world, ...branch(1, 2));
    await settled();
    assert.deepEqual(ids(), [free.id]);
  });

  it('coinbase coins that are young again leave with descendants, and come back when they are mature', async () => {
    // Height 105; the coinbase of block 6 may be spent in block 106 and not before.
    const parent = pay([world.coins[5] as Spendable]);
    const child = pay([{ tx: parent, index: 0 }]);
    await admit(parent, child);
    const seen: string[][] = [];
    world.chain.events.on('disconnected', () => seen.push(ids()));
    await accept(world, ...branch(2, 3));
    await settled();
    assert.deepEqual(seen, [[], []]);
    assert.deepEqual(ids(), [parent.id, child.id]);
  });

  it('a spend of a coinbase that was reorganised away is gone with descendants', async () => {
    const fork = world.chain.tip().height;
    const mature = mineChain(world.chain.tip(), 101, { payout: PAYOUT });
    await accept(world, ...mature);
    const own = { tx: (mature[0] as Block).txs[0] as Tx, index: 0 };
    const parent = pay([own]);
    const child = pay([{ tx: parent, index: 0 }, b]);
    await admit(parent, child);
    await accept(world, ...branch(world.chain.tip().height - fork, 102));
    await settled();
    assert.deepEqual(ids(), []);
    await admit(pay([b]));
  });

  it('lock times that hold again take a transaction out until they have passed', async () => {
    const tip = world.chain.tip();
    const locked = pay([a], { lockTime: tip.height, sequence: 0 });
    const relative = pay([b], { sequence: tip.height - 1 });
    await admit(locked);
    await accept(world, mineOn(tip));
    await admit(relative);
    let least = 9;
    world.chain.events.on('disconnected', () => {
      least = Math.min(least, world.pool.size);
    });
    await accept(world, ...branch(2, 3));
    await settled();
    assert.equal(least, 0);
    assert.deepEqual(ids(), [locked.id, relative.id]);
  });

  it('a branch that fails half way leaves everything as it was', async () => {
    const confirmed = pay([a]);
    await accept(world, mineOn(world.chain.tip(), { txs: [confirmed], fees: 10_000n }));
    const waiting = pay([{ tx: confirmed, index: 0 }]);
    await admit(waiting);
    const [first] = branch(1, 1);
    assert.ok(first !== undefined);
    const bad = mineOn({ header: first.header, height: world.chain.tip().height }, { fees: 1n });
    await accept(world, first);
    const verdict = await world.chain.acceptBlock(bad);
    assert.ok(!verdict.ok);
    await settled();
    assert.deepEqual(ids(), [waiting.id]);
  });

  it('an admission overtaken by a block is judged again', async () => {
    const loser = pay([a]);
    const block = mineOn(world.chain.tip(), { txs: [pay([a], { fee: 1n })], fees: 1n });
    world.beforeScripts = async () => {
      world.beforeScripts = async () => {};
      await accept(world, block);
    };
    const verdict = await world.pool.admit(loser);
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, 'missing-inputs');
    await settled();
  });

  it('an admission overtaken by a harmless block is not verified twice', async () => {
    const block = mineOn(world.chain.tip());
    world.beforeScripts = async () => {
      world.beforeScripts = async () => {};
      await accept(world, block);
    };
    await admit(pay([a]));
    assert.equal(world.scriptRuns(), 1);
    assert.equal(world.pool.entries()[0]?.height, block === undefined ? 0 : world.chain.tip().height);
  });

  it('two spends of one output asked for at once: the first wins', async () => {
    const verdicts = await Promise.all([world.pool.admit(pay([a])), world.pool.admit(pay([a], { fee: 99_999n }))]);
    assert.deepEqual(
      verdicts.map((v) => (v.ok ? 'admitted' : v.rule)),
      ['admitted', 'txn-mempool-conflict'],
    );
  });

  it('a child asked for during a reorganisation finds its parent restored', async () => {
    const parent = pay([a]);
    await accept(world, mineOn(world.chain.tip(), { txs: [parent], fees: 10_000n }));
    const moved = accept(world, ...branch(1, 2));
    let asked: Promise<unknown> | undefined;
    world.chain.events.on('tip', () => {
      asked ??= world.pool.admit(pay([{ tx: parent, index: 0 }]));
    });
    await moved;
    assert.deepEqual(((await asked) as { ok: boolean }).ok, true);
    assert.equal(world.pool.size, 2);
  });

  it('an admission asked for in the middle of a reorganisation does not take a displaced transaction’s coin', async () => {
    const first = pay([a]);
    await accept(world, mineOn(world.chain.tip(), { txs: [first], fees: 10_000n }));
    let asked: Promise<Check<PoolEntry>> | undefined;
    world.chain.events.on('disconnected', () => {
      asked ??= world.pool.admit(pay([a], { fee: 99_999n }));
    });
    await accept(world, ...branch(1, 2));
    const verdict = await asked;
    assert.equal(verdict?.ok === false ? verdict.rule : 'admitted', 'txn-mempool-conflict');
    assert.deepEqual(ids(), [first.id]);
  });

  it('closing in the middle of a reorganisation does not wait for its end', async () => {
    await accept(world, mineOn(world.chain.tip()));
    let closed: Promise<void> | undefined;
    let asked: Promise<unknown> | undefined;
    world.chain.events.on('disconnected', () => {
      asked ??= world.pool.admit(pay([a]));
      asked.catch(() => undefined);
      closed ??= world.pool.close();
    });
    await accept(world, ...branch(1, 2));
    await closed;
    await assert.rejects(asked as Promise<unknown>, /closed/);
  });

  it('close: the chain is no longer listened to', async () => {
    await admit(pay([a]));
    await world.pool.close();
    await accept(world, mineOn(world.chain.tip(), { txs: [pay([a])], fees: 10_000n }));
    assert.equal(world.pool.size, 1);
    await assert.rejects(world.pool.admit(pay([b])), /closed/);
  });
});

describe('mempool: what waits for the end of a reorganisation', () => {
  const txs = (n: number, salt: number): Tx[] =>
    Array.from({ length: n }, (_, i) => pay([], { to: [{ value: BigInt(i + salt), scriptPubKey: PAYOUT }] }));

  it('keeps the order: earlier blocks first', () => {
    const list = new RestoreList();
    const [x, y, z] = txs(3, 1) as [Tx, Tx, Tx];
    list.prepend([{ tx: y, timeMs: undefined }]);
    list.append([{ tx: z, timeMs: 5 }]);
    list.prepend([{ tx: x, timeMs: undefined }]);
    const order: Tx[] = [];
    for (let item = list.first(); item !== undefined; item = list.first()) {
      order.push(item.tx);
      list.removeFirst(item);
    }
    assert.deepEqual(order, [x, y, z]);
    assert.equal(list.size, 0);
  });

  it('forgets what was confirmed', () => {
    const list = new RestoreList();
    const [x, y] = txs(2, 1) as [Tx, Tx];
    list.append([x, y].map((tx) => ({ tx, timeMs: undefined })));
    list.confirmed([x]);
    assert.equal(list.first()?.tx, y);
  });

  it('is bounded, and drops what nothing depends on', () => {
    const items = txs(10, 1).map((tx) => ({ tx, timeMs: undefined }));
    const size = (items[0] as { tx: Tx }).tx.size;
    const list = new RestoreList(size * 4);
    list.append(items);
    assert.equal(list.size, 4);
    assert.equal(list.first(), items[0]);
  });

  it('removing another than the first changes nothing', () => {
    const list = new RestoreList();
    const [x, y] = txs(2, 1).map((tx) => ({ tx, timeMs: undefined })) as [never, never];
    list.append([x]);
    list.removeFirst(y);
    assert.equal(list.size, 1);
  });
});
