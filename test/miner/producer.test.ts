import assert from 'node:assert/strict';
import type { Author, HeaderTemplate, StopSignal } from '../../src/consensus/engine.ts';
import { powAuthor } from '../../src/consensus/pow/powAuthor.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { easySearch } from '../../src/miner/inlineSearch.ts';
import { drawDelay, hashesAreFree } from '../../src/miner/pace.ts';
import { Producer, type ProducerOptions, type ProducerPorts } from '../../src/miner/producer.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import type { SealedHeader } from '../../src/primitives/header.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { type Random, silentLogger } from '../../src/util/ports.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { accept, mineOn, openFunded, PAYOUT, pay, type Spendable, type World } from '../mempool/setup.ts';
import { ManualTimers } from './manualTimers.ts';

const PACE = { meanMs: 5000, idleMeanMs: 15_000 };
const LN2 = Math.log(2);

/** unit() is always one half: a delay is its mean · ln 2. */
function random(seed: number): Random {
  return { bytes: (n) => new Uint8Array(n).fill(seed), unit: () => 0.5 };
}

/** Holds what it is asked to seal until told. */
class SlowAuthor implements Author<unknown> {
  readonly asked: HeaderTemplate[] = [];
  stopped = 0;
  release: () => void = () => {};

  async seal(template: HeaderTemplate, state: unknown, stop: StopSignal): Promise<SealedHeader | undefined> {
    this.asked.push(template);
    await new Promise<void>((resolve) => {
      this.release = resolve;
      stop.onAbort(resolve);
    });
    if (stop.aborted) this.stopped++;
    return powAuthor(easySearch).seal(template, state, stop);
  }
}

describe('miner: producer', () => {
  let world: World & { coins: Spendable[] };
  let timers: ManualTimers;
  let producers: Producer[];

  beforeEach(async () => {
    world = await openFunded(4);
    timers = new ManualTimers();
    producers = [];
  });
  afterEach(async () => {
    await Promise.all(producers.map((p) => p.stop()));
  });

  function start(ports: Partial<ProducerPorts> = {}, options: Partial<ProducerOptions> = {}): Producer {
    const producer = new Producer(
      {
        chain: world.chain,
        pool: world.pool,
        judge: judgeFor(regtest),
        params: regtest.consensus,
        clock: world.clock,
        author: powAuthor(easySearch),
        timers,
        random: random(producers.length),
        log: silentLogger,
        mayMine: () => true,
        ...ports,
      },
      { payout: PAYOUT, pace: PACE, ...options },
    );
    producers.push(producer);
    producer.start();
    return producer;
  }
  const height = (): number => world.chain.tip().height;
  /** Lets everything that is ready run. */
  async function quiet(): Promise<void> {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  async function pass(ms: number): Promise<void> {
    await quiet();
    timers.advance(ms);
    await quiet();
  }
  async function admit(tx: Tx): Promise<void> {
    const verdict = await world.pool.admit(tx);
    assert.ok(verdict.ok, verdict.ok ? '' : verdict.rule);
  }
  async function tipTxs(): Promise<readonly Tx[]> {
    return (await world.chain.readBlock(world.chain.tip()))?.txs ?? [];
  }

  it('idle: the next block comes after a delay of the idle mean, and then the next', async () => {
    const before = height();
    start();
    await pass(PACE.idleMeanMs * LN2 - 1);
    assert.equal(height(), before);
    await pass(2);
    assert.equal(height(), before + 1);
    await pass(PACE.idleMeanMs * LN2 + 1);
    assert.equal(height(), before + 2);
  });

  it('transactions shorten the wait, and are in the block with their fees', async () => {
    const before = height();
    start();
    await pass(1000);
    const tx = pay([world.coins[0] as Spendable], { fee: 4321n });
    await admit(tx);
    await pass(PACE.meanMs * LN2 + 1);
    assert.equal(height(), before + 1);
    const txs = await tipTxs();
    assert.deepEqual(
      txs.slice(1).map((t) => t.id),
      [tx.id],
    );
    assert.equal(txs[0]?.outputs[0]?.value, 50_0000_0000n + 4321n);
    assert.equal(world.pool.size, 0);
  });

  it('a new tip ends the wait and the delay is drawn anew', async () => {
    start();
    await pass(PACE.idleMeanMs * LN2 - 1);
    await accept(world, mineOn(world.chain.tip()));
    const before = height();
    await pass(PACE.idleMeanMs * LN2 - 1);
    assert.equal(height(), before);
    await pass(2);
    assert.equal(height(), before + 1);
  });

  it('a new tip stops sealing at once, and the next template stands on it', async () => {
    const author = new SlowAuthor();
    start({ author }, { pace: undefined });
    await quiet();
    assert.equal(author.asked.length, 1);
    const other = mineOn(world.chain.tip());
    await accept(world, other);
    await quiet();
    assert.equal(author.stopped, 1);
    assert.equal(author.asked.length, 2);
    assert.deepEqual(author.asked[1]?.header.prevHash, other.header.hash);
    author.release();
    await quiet();
    assert.deepEqual(world.chain.tip().header.prevHash, other.header.hash);
  });

  it('a template that grew old is replaced by one with what came since', async () => {
    const author = new SlowAuthor();
    start({ author }, { pace: undefined, refreshMs: 15_000 });
    await quiet();
    const tx = pay([world.coins[0] as Spendable]);
    await admit(tx);
    assert.equal(author.asked.length, 1);
    await pass(15_000);
    assert.equal(author.asked.length, 2);
    author.release();
    await quiet();
    assert.deepEqual((await tipTxs())[1]?.id, tx.id);
  });

  it('nothing is made while it may not, and it asks again', async () => {
    const before = height();
    let may = false;
    start({ mayMine: () => may });
    for (let i = 0; i < 60; i++) await pass(1000);
    assert.equal(height(), before);
    may = true;
    await pass(1000);
    await pass(PACE.idleMeanMs * LN2 + 1);
    assert.equal(height(), before + 1);
  });

  it('two miners with one payout make different blocks', async () => {
    const [a, b] = [new SlowAuthor(), new SlowAuthor()];
    start({ author: a }, { pace: undefined });
    start({ author: b }, { pace: undefined });
    await quiet();
    assert.notEqual(displayHash(a.asked[0]!.header.merkleRoot), displayHash(b.asked[0]!.header.merkleRoot));
    assert.deepEqual(a.asked[0]!.header.prevHash, b.asked[0]!.header.prevHash);
  });

  it('stop: nothing comes after it', async () => {
    const author = new SlowAuthor();
    const producer = start({ author }, { pace: undefined });
    await quiet();
    const before = height();
    assert.equal(producer.running, true);
    await producer.stop();
    assert.equal(producer.running, false);
    author.release();
    await quiet();
    assert.equal(height(), before);
    await accept(world, mineOn(world.chain.tip()));
    await quiet();
    assert.equal(author.asked.length, 1);
  });

  it('when our block is refused, the next on that tip goes without the pool', async () => {
    const before = height();
    const broken = pay([world.coins[0] as Spendable], { fee: -5n });
    const entry = { tx: broken, fee: 0n, timeMs: 0, height: 0, sequence: 0, sigopCost: 4 };
    const pool = { select: () => [entry], size: 1, events: world.pool.events };
    start({ pool });
    await pass(PACE.meanMs * LN2 + 1);
    assert.equal(height(), before);
    await pass(PACE.meanMs * LN2 + 1);
    assert.equal(height(), before + 1);
    assert.equal((await tipTxs()).length, 1);
  });

  it('refused without the pool, too, it does not spin: a clock set back makes every block too early', async () => {
    const errors: unknown[] = [];
    world.clock.ms = (world.chain.tip().medianTime - 10_000) * 1000;
    const before = height();
    const log = { ...silentLogger, error: (fields: object) => errors.push((fields as { rule?: unknown }).rule) };
    start({ log, mayMine: () => height() === before }, { pace: undefined });
    await quiet();
    assert.deepEqual(errors, ['time-too-new', 'time-too-new']);
    assert.equal(timers.waiting, 1);
    world.clock.ms += 20_000_000;
    await pass(1000);
    assert.equal(height(), before + 1);
  });

  it('our own failure is logged and tried again, slowly', async () => {
    const before = height();
    const errors: unknown[] = [];
    let fail = true;
    const chain = {
      tip: () => world.chain.tip(),
      ancestor: world.chain.ancestor.bind(world.chain),
      events: world.chain.events,
      acceptBlock: (block: Parameters<typeof world.chain.acceptBlock>[0]) => {
        if (fail) throw new Error('disk full');
        return world.chain.acceptBlock(block);
      },
    };
    start({ chain, log: { ...silentLogger, error: (fields) => errors.push(fields.err) } });
    await pass(PACE.idleMeanMs * LN2 + 1);
    assert.equal(errors.length, 1);
    assert.equal(timers.waiting, 1, 'it waits a second before it begins again');
    fail = false;
    await pass(1000);
    await pass(PACE.idleMeanMs * LN2 + 1);
    assert.equal(height(), before + 1);
  });

  it('an author that gives up at once does not make it spin', async () => {
    let asked = 0;
    const author: Author<unknown> = {
      seal: async () => {
        asked++;
        return undefined;
      },
    };
    start({ author }, { pace: undefined });
    await quiet();
    assert.equal(asked, 1);
    await pass(10);
    assert.equal(asked, 2);
  });

  it('tells of each block it made', async () => {
    const producer = start();
    const heights: number[] = [];
    producer.events.on('produced', ({ entry, block }) => {
      assert.deepEqual(entry.header.hash, block.header.hash);
      heights.push(entry.height);
    });
    const before = height();
    await pass(PACE.idleMeanMs * LN2 + 1);
    assert.deepEqual(heights, [before + 1]);
  });
});

describe('miner: pace', () => {
  it('delays are exponential: their mean, their median, and a bound', () => {
    let state = 12345;
    const lcg: Random = {
      bytes: () => new Uint8Array(0),
      unit: () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
      },
    };
    const delays = Array.from({ length: 20_000 }, () => drawDelay(5000, lcg)).sort((a, b) => a - b);
    const mean = delays.reduce((sum, d) => sum + d, 0) / delays.length;
    assert.ok(Math.abs(mean - 5000) < 150, `mean ${mean}`);
    assert.ok(Math.abs((delays[10_000] as number) - 5000 * LN2) < 150);
    const worst: Random = { bytes: () => new Uint8Array(0), unit: () => 1 - 2 ** -53 };
    assert.equal(drawDelay(1000, worst), 20_000);
    assert.ok(drawDelay(1000, { ...worst, unit: () => 0 }) === 0);
  });

  it('hashes are free on regtest and nowhere else', () => {
    assert.equal(hashesAreFree(regtest.consensus), true);
    assert.equal(hashesAreFree((builtInNetwork('cairn-devnet') as Network).consensus), false);
  });
});
