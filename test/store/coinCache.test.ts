import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Coin, CoinChange } from '../../src/chain/ports.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import { CoinCache } from '../../src/store/coinCache.ts';
import { decodeCoin, encodeCoin } from '../../src/store/coinCodec.ts';
import { flushCoins } from '../../src/store/coinFlush.ts';
import type { CoinTable } from '../../src/store/coinTable.ts';
import { DurableWrites } from '../../src/store/durableWrites.ts';
import { openFiles } from '../../src/store/openFiles.ts';
import { coinKey } from '../../src/store/schema.ts';
import { MemoryDisk } from './memoryDisk.ts';

const SALT = new Uint8Array(16).fill(3);
const OUTPOINTS = 60;
const TIPS = [1, 2].map((n) => new Uint8Array(32).fill(n)) as [Uint8Array, Uint8Array];

function outpointOf(n: number): OutPoint {
  return { txid: new Uint8Array(32).fill(n), index: n % 4 };
}

/** A coin that differs each time, with scripts of several lengths. */
function coinOf(serial: number): Coin {
  const scriptPubKey = new Uint8Array([0, 7, 22, 34, 300][serial % 5] as number).fill(serial);
  return { height: serial, coinbase: serial % 2 === 0, out: { value: BigInt(serial) * 1000n, scriptPubKey } };
}

interface Under {
  readonly cache: CoinCache;
  readonly disk: MemoryDisk;
  /** Writes the dirty entries of the table to the database as the store does. */
  flush(table: CoinTable): Promise<void>;
  /** Awaited by every read of the database. */
  gate: Promise<void>;
  /** Called at every pause of the cache. */
  paused: () => Promise<void>;
}

async function cacheOver(budget: number): Promise<Under> {
  const disk = new MemoryDisk();
  const parts = { kv: disk.kv, path: 'memory', fs: disk.fs, magic: new Uint8Array(4) };
  const writes = new DurableWrites(disk.kv, await openFiles(parts, () => {}), undefined);
  const pause = async (): Promise<void> => {};
  const under: Under = {
    disk,
    gate: Promise.resolve(),
    paused: async () => {},
    cache: new CoinCache({
      budget,
      salt: SALT,
      read: async (outpoints) => {
        const records = await disk.kv.getMany(outpoints.map(coinKey));
        await under.gate;
        return records;
      },
      pause: () => under.paused(),
    }),
    async flush(table) {
      const to = { tip: TIPS[1], count: 0n };
      await flushCoins(table, TIPS[0], to, { writes, pause, slice: 4 });
      await under.cache.flushed(table, pause);
    },
  };
  return under;
}

type Command =
  | { readonly kind: 'commit'; readonly touch: readonly number[] }
  | { readonly kind: 'look'; readonly at: readonly number[] }
  | { readonly kind: 'rotate' | 'flush' | 'fail' };

const numbers = fc.array(fc.nat({ max: OUTPOINTS - 1 }), { maxLength: 12 });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit' as const), touch: numbers }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('look' as const), at: numbers }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('rotate' as const, 'flush' as const, 'fail' as const) }) },
);

async function assertSame(cache: CoinCache, model: ReadonlyMap<number, Coin>): Promise<void> {
  const all = Array.from({ length: OUTPOINTS }, (_, n) => n);
  assert.deepEqual(
    await cache.coins(all.map(outpointOf)),
    all.map((n) => model.get(n)),
  );
}

describe('store: cache of coins', () => {
  for (const budget of [0, 4096, 1_000_000])
    it(`answers as a Map does, whatever is flushed, fails and is forgotten, in ${budget} bytes`, async function () {
      this.timeout(30_000);
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
          const { cache, disk, flush } = await cacheOver(budget);
          const model = new Map<number, Coin>();
          let frozen: CoinTable | undefined;
          let serial = 0;
          for (const at of commands) {
            if (at.kind === 'commit') {
              // What is there is spent, what is not is made; what comes twice is spent and made at once (BIP30's exceptions).
              const spent: CoinChange[] = [];
              const added: CoinChange[] = [];
              for (const n of new Set(at.touch)) {
                const coin = model.get(n);
                if (coin !== undefined) spent.push({ outpoint: outpointOf(n), coin });
                if (coin !== undefined && at.touch.filter((m) => m === n).length < 2) model.delete(n);
                else {
                  const made = coinOf(++serial);
                  added.push({ outpoint: outpointOf(n), coin: made });
                  model.set(n, made);
                }
              }
              cache.apply({ spent, added });
            } else if (at.kind === 'look') {
              assert.deepEqual(
                await cache.coins(at.at.map(outpointOf)),
                at.at.map((n) => model.get(n)),
              );
            } else if (at.kind === 'rotate') {
              if (frozen !== undefined) await flush(frozen);
              frozen = cache.freeze();
            } else {
              if (at.kind === 'fail') disk.failAfter(2, new Error('no space'));
              const release = cache.hold();
              try {
                if (frozen !== undefined) await flush(frozen);
                frozen = undefined;
                await flush(cache.young);
              } catch (error) {
                assert.match(String(error), /no space/);
              }
              release();
              disk.failAfter(Number.POSITIVE_INFINITY, new Error('never'));
            }
          }
          await assertSame(cache, model);
          if (frozen !== undefined) await flush(frozen);
          await flush(cache.young);
          assert.equal(cache.size.dirty, 0);
          await assertSame(cache, model);
          // The database alone says the same now.
          for (let n = 0; n < OUTPOINTS; n++) {
            const record = await disk.kv.get(coinKey(outpointOf(n)));
            assert.deepEqual(record && decodeCoin(record), model.get(n));
          }
        }),
        { numRuns: 150 },
      );
    });

  it('a coin made and spent before it is flushed never reaches the database, one that was flushed is deleted', async () => {
    const { cache, disk, flush } = await cacheOver(1_000_000);
    const [a, b] = [1, 2].map((n) => ({ outpoint: outpointOf(n), coin: coinOf(n) })) as [CoinChange, CoinChange];
    cache.apply({ spent: [], added: [a, b] });
    cache.apply({ spent: [a], added: [] });
    assert.equal(cache.size.dirty, 1);
    await flush(cache.young);
    assert.equal(await disk.kv.get(coinKey(a.outpoint)), undefined);
    assert.ok((await disk.kv.get(coinKey(b.outpoint))) !== undefined);
    cache.apply({ spent: [b], added: [] });
    assert.equal(cache.size.dirty, 1);
    await flush(cache.young);
    assert.equal(await disk.kv.get(coinKey(b.outpoint)), undefined);
    assert.deepEqual(cache.size.entries, 0);
  });

  it('what is read stays in memory: nothing is asked of the database twice', async () => {
    const { cache, flush } = await cacheOver(1_000_000);
    const change = { outpoint: outpointOf(1), coin: coinOf(1) };
    cache.apply({ spent: [], added: [change] });
    await flush(cache.young);
    await flush(cache.freeze());
    cache.freeze();
    assert.equal(cache.size.entries, 0);
    assert.deepEqual(await cache.coins([change.outpoint]), [change.coin]);
    assert.equal(cache.size.entries, 1);
    cache.freeze();
    // From the older generation it moves up.
    assert.deepEqual(await cache.coins([change.outpoint]), [change.coin]);
    assert.equal(cache.size.entries, 2);
  });

  it('a read that meets a commit and a flush of it is not answered with what was read before', async () => {
    const under = await cacheOver(1_000_000);
    const { cache, flush } = under;
    const change = { outpoint: outpointOf(1), coin: coinOf(1) };
    cache.apply({ spent: [], added: [change] });
    await flush(cache.young);
    await flush(cache.freeze());
    cache.freeze();
    let open = (): void => {};
    under.gate = new Promise((resolve) => {
      open = resolve;
    });
    const read = cache.coins([change.outpoint]);
    await new Promise((resolve) => setImmediate(resolve));
    cache.apply({ spent: [change], added: [] });
    await flush(cache.young);
    open();
    assert.deepEqual(await read, [undefined]);
    assert.deepEqual(await cache.coins([change.outpoint]), [undefined]);
  });

  it('a read in steps that meets a commit and a flush of it at any pause is not answered with what was read before', async () => {
    const MANY = 1600;
    const changes = Array.from({ length: MANY }, (_, n) => ({
      outpoint: { txid: new Uint8Array(32).fill(n % 251), index: n },
      coin: coinOf(n),
    }));
    const outpoints = changes.map((change) => change.outpoint);
    const last = changes[MANY - 1] as CoinChange;
    const readWith = async (at: number): Promise<{ readonly pauses: number; readonly met: boolean }> => {
      const under = await cacheOver(10_000_000);
      const { cache, flush } = under;
      cache.apply({ spent: [], added: changes });
      await flush(cache.young);
      await flush(cache.freeze());
      cache.freeze();
      let pauses = 0;
      let done = false;
      under.paused = async () => {
        if (++pauses !== at) return;
        under.paused = async () => void pauses++;
        cache.apply({ spent: [last], added: [] });
        await flush(cache.young);
        done = true;
      };
      const found = await cache.coins(outpoints);
      assert.deepEqual(
        found.slice(0, -1),
        changes.slice(0, -1).map(({ coin }) => coin),
      );
      assert.deepEqual(found[MANY - 1], done ? undefined : last.coin, `pause ${at}`);
      assert.deepEqual(await cache.coins([last.outpoint]), [done ? undefined : last.coin], `pause ${at}`);
      return { pauses, met: done };
    };
    const { pauses } = await readWith(0);
    assert.ok(pauses >= 6, `${pauses} pauses`);
    for (let at = 1; at <= pauses; at++) assert.ok((await readWith(at)).met);
  });

  it('reads do not fill it beyond its half; scripts do not alias its memory', async () => {
    const { cache, flush } = await cacheOver(20_000);
    const all = Array.from({ length: 500 }, (_, n): CoinChange => {
      const txid = new Uint8Array(32).fill(n);
      txid[0] = n >> 8;
      return { outpoint: { txid, index: 0 }, coin: coinOf(n) };
    });
    for (let i = 0; i < all.length; i += 50) {
      cache.apply({ spent: [], added: all.slice(i, i + 50) });
      await flush(cache.young);
      await flush(cache.freeze());
    }
    await flush(cache.freeze());
    for (let round = 0; round < 3; round++) {
      const coins = await cache.coins(all.map(({ outpoint }) => outpoint));
      await cache.coins(all.map(({ outpoint }) => outpoint).reverse());
      assert.deepEqual(
        coins.map((coin) => coin && encodeCoin(coin)),
        all.map(({ coin }) => encodeCoin(coin)),
      );
      assert.ok(cache.size.bytes <= 20_000 + 1000, `${cache.size.bytes} bytes`);
      cache.freeze();
    }
  });

  it('stays within its budget when it is frozen in time', async () => {
    const budget = 200_000;
    const { cache, flush } = await cacheOver(budget);
    const block = 200;
    let most = 0;
    for (let n = 0; n < 60; n++) {
      const added = Array.from({ length: block }, (_, i): CoinChange => {
        const txid = new Uint8Array(32).fill(i);
        txid[1] = n;
        return { outpoint: { txid, index: 0 }, coin: coinOf(2) };
      });
      if (!cache.hasRoomFor({ spent: [], added })) await flush(cache.freeze());
      cache.apply({ spent: [], added });
      most = Math.max(most, cache.size.bytes);
    }
    assert.ok(most > budget / 2 && most <= budget, `${most} bytes`);
  });
});
