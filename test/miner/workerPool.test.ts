import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { HashRate } from '../../src/miner/hashRate.ts';
import { targetBytes } from '../../src/miner/inlineSearch.ts';
import type { PowWorkerData } from '../../src/miner/powJob.ts';
import { StopSource } from '../../src/miner/stopSource.ts';
import { ThreadedSearch } from '../../src/miner/threadedSearch.node.ts';
import { WorkerPool } from '../../src/miner/workerPool.node.ts';
import { nodejs } from '../../src/platform/nodejs.node.ts';
import { hashToNumber } from '../../src/primitives/compact.ts';
import { silentLogger } from '../../src/util/ports.ts';

const workerFile = new URL('../../src/miner/powWorker.node.ts', import.meta.url);
const header = (): Uint8Array => new Uint8Array(randomBytes(80));
const NEVER = new Uint8Array(32);
/** About a million hashes: a tenth of a second. */
const SOME = 2n ** 236n;

function hashOf(header80: Uint8Array, nonce: number): bigint {
  const bytes = new Uint8Array(header80);
  new DataView(bytes.buffer).setUint32(76, nonce, true);
  const once = createHash('sha256').update(bytes).digest();
  return hashToNumber(createHash('sha256').update(once).digest());
}

describe('miner: threads', function () {
  this.timeout(20_000);
  const threads: Worker[] = [];
  let pool: WorkerPool;
  // Tests keep the process alive themselves: the threads and the pool's timers do not.
  let alive: NodeJS.Timeout;

  beforeEach(() => {
    alive = setInterval(() => {}, 1000);
    threads.length = 0;
    pool = new WorkerPool({
      threads: 2,
      timers: nodejs.timers,
      log: silentLogger,
      spawn: (data: PowWorkerData) => {
        const thread = new Worker(workerFile, { workerData: data });
        threads.push(thread);
        return thread;
      },
    });
  });
  afterEach(async () => {
    await pool.close();
    clearInterval(alive);
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('find a nonce, count hashes, and start with the first search only', async () => {
    assert.equal(threads.length, 0);
    const header80 = header();
    const nonce = await pool.search(header80, targetBytes(SOME), new StopSource());
    assert.ok(nonce !== undefined);
    assert.ok(hashOf(header80, nonce) <= SOME);
    assert.equal(threads.length, 2);
    assert.ok(pool.hashes() > 0n);
  });

  it('do not block the event loop', async () => {
    const stop = new StopSource();
    const running = pool.search(header(), NEVER, stop);
    await until(() => pool.hashes() > 0n);
    let turns = 0;
    const end = performance.now() + 200;
    while (performance.now() < end) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    assert.ok(turns > 100, `${turns} turns in 200 ms`);
    stop.abort();
    assert.equal(await running, undefined);
  });

  it('stop within a few chunks, and then make no more hashes', async () => {
    const stop = new StopSource();
    const running = pool.search(header(), NEVER, stop);
    await until(() => pool.hashes() > 0n);
    stop.abort();
    assert.equal(await running, undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = pool.hashes();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(pool.hashes(), before);
  });

  it('a search stopped before it begins starts no thread', async () => {
    const stop = new StopSource();
    stop.abort();
    assert.equal(await pool.search(header(), NEVER, stop), undefined);
    assert.equal(threads.length, 0);
  });

  it('a later search goes first, and the earlier goes on after it', async () => {
    const stop = new StopSource();
    const earlier = pool.search(header(), NEVER, stop);
    await until(() => pool.hashes() > 0n);
    const header80 = header();
    const nonce = await pool.search(header80, targetBytes(SOME), new StopSource());
    assert.ok(nonce !== undefined && hashOf(header80, nonce) <= SOME);
    const before = pool.hashes();
    await until(() => pool.hashes() > before + 1_000_000n);
    stop.abort();
    assert.equal(await earlier, undefined);
  });

  it('a thread that dies is replaced and joins the running search', async () => {
    const stop = new StopSource();
    const running = pool.search(header(), NEVER, stop);
    await until(() => pool.hashes() > 0n);
    await Promise.all(threads.map((thread) => thread.terminate()));
    await until(() => threads.length === 4);
    const before = pool.hashes();
    await until(() => pool.hashes() > before);
    stop.abort();
    assert.equal(await running, undefined);
  });

  it('many searches one after another each get their own answer', async () => {
    for (let i = 0; i < 30; i++) {
      const header80 = header();
      const easy = 2n ** 245n;
      const nonce = await pool.search(header80, targetBytes(easy), new StopSource());
      assert.ok(nonce !== undefined && hashOf(header80, nonce) <= easy);
    }
  });

  it('closing ends running searches and refuses new ones', async () => {
    const running = pool.search(header(), NEVER, new StopSource());
    await until(() => pool.hashes() > 0n);
    await pool.close();
    assert.equal(await running, undefined);
    assert.equal(await pool.search(header(), NEVER, new StopSource()), undefined);
  });

  it('the threaded search solves easy headers without a thread and hard ones with', async () => {
    const search = new ThreadedSearch({ threads: 1, timers: nodejs.timers, log: silentLogger });
    try {
      const rate = new HashRate(nodejs.clock, () => search.hashes());
      const easy = header();
      const found = await search.search(easy, 2n ** 255n, new StopSource());
      assert.ok(found !== undefined && hashOf(easy, found.nonce) <= 2n ** 255n);
      assert.equal(search.hashes(), BigInt(found.nonce + 1));
      const hard = header();
      const second = await search.search(hard, SOME, new StopSource());
      assert.ok(second !== undefined && hashOf(hard, second.nonce) <= SOME);
      assert.equal(second.time, new DataView(hard.buffer).getUint32(68, true));
      assert.ok(search.hashes() > BigInt(found.nonce + 1));
      assert.equal(rate.perSecond() >= 0, true);
    } finally {
      await search.close();
    }
  });
});

describe('miner: hash rate', () => {
  it('is the counter’s growth over the last minute', () => {
    const clock = { ms: 0, nowMs: () => 0, monotonicMs: () => clock.ms };
    let hashes = 0n;
    const rate = new HashRate(clock, () => hashes);
    assert.equal(rate.perSecond(), 0, 'nothing can be said yet');
    clock.ms = 10_000;
    hashes = 50_000n;
    assert.equal(rate.perSecond(), 5000);
    rate.sample();
    clock.ms = 65_000;
    rate.sample();
    clock.ms = 100_000;
    rate.sample();
    assert.equal(rate.perSecond(), 0, 'long idle');
    hashes += 35_000n;
    assert.equal(rate.perSecond(), 1000);
  });
});
