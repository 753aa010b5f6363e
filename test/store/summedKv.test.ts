import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { DamageLatch } from '../../src/store/damageLatch.ts';
import { StoreError } from '../../src/store/errors.ts';
import { openUnchecked } from '../../src/store/kvLevel.node.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { FrozenKv } from '../../src/store/level/frozenKv.ts';
import { coinKey, headerKey, PREFIX, rangeOf, TIP_KEY } from '../../src/store/schema.ts';
import { SummedKv } from '../../src/store/summedKv.ts';
import { toHex } from '../../src/util/hex.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';

const hash = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (n * 41 + i * 97) & 0xff);
const coin = (n: number): Uint8Array => coinKey({ txid: hash(n), index: n });
const value = (n: number): Uint8Array => Uint8Array.from({ length: 30 }, (_, i) => (n * 89 + i * i * 31 + 5) & 0xff);

function isCorrupt(error: unknown, pattern: RegExp): boolean {
  return (
    error instanceof StoreError && error.kind === 'corrupt' && error.exitCode === 74 && pattern.test(error.message)
  );
}

/** What a read came to: the value as hex, "none", or "damage". Any other failure is one of the test. */
async function reading(read: () => Promise<Uint8Array | undefined>): Promise<string> {
  try {
    const found = await read();
    return found === undefined ? 'none' : toHex(found);
  } catch (error) {
    assert.ok(isCorrupt(error, /./), String(error));
    return 'damage';
  }
}

describe('store: records with checksums', () => {
  it('a database with checksums answers as one without', async () => {
    const base = new MemoryKv();
    const kv = new SummedKv(base, { path: 'db' });
    await kv.batch(
      [1, 2, 3].map((n) => ({ type: 'put', key: coin(n), value: value(n) }) as const),
      { sync: true },
    );
    await kv.batch([{ type: 'del', key: coin(2) }], { sync: false });
    assert.deepEqual(await kv.get(coin(1)), value(1));
    assert.deepEqual(await kv.getMany([coin(3), coin(2), coin(1)]), [value(3), undefined, value(1)]);
    const all: string[] = [];
    for await (const [k, v] of kv.iterate(rangeOf(PREFIX.COIN))) all.push(`${toHex(k)} ${toHex(v)}`);
    assert.deepEqual(all, [1, 3].map((n) => `${toHex(coin(n))} ${toHex(value(n))}`).sort());
    assert.equal((await base.get(coin(1)))?.length, value(1).length + 4);
  });

  it('every flipped bit of a value or its checksum is found by every way to read it, and the record named', async () => {
    const base = new MemoryKv();
    await new SummedKv(base, { path: 'db' }).batch([{ type: 'put', key: coin(1), value: value(1) }], { sync: true });
    const good = (await base.get(coin(1))) as Uint8Array;
    for (let bit = 0; bit < good.length * 8; bit++) {
      const wrong = good.slice();
      wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
      await base.batch([{ type: 'put', key: coin(1), value: wrong }], { sync: true });
      const ways: ((kv: Kv) => Promise<unknown>)[] = [
        (kv) => kv.get(coin(1)),
        (kv) => kv.getMany([coin(2), coin(1)]),
        async (kv) => {
          for await (const _ of kv.iterate(rangeOf(PREFIX.COIN)));
        },
      ];
      for (const way of ways)
        await assert.rejects(way(new SummedKv(base, { path: 'folder/chain' })), (error: unknown) =>
          isCorrupt(error, /^coin [0-9a-f]{64}:1: .*checksum is wrong \(folder\/chain\)\. .*--reindex-chainstate/),
        );
    }
  });

  it('a record that lies under the key of another is wrong', async () => {
    const base = new MemoryKv();
    const kv = new SummedKv(base, { path: 'db' });
    await kv.batch([{ type: 'put', key: coin(1), value: value(1) }], { sync: true });
    await base.batch([{ type: 'put', key: coin(2), value: (await base.get(coin(1))) as Uint8Array }], { sync: true });
    await assert.rejects(kv.get(coin(2)), (error: unknown) => isCorrupt(error, /^coin .*:2: /));
  });

  it('headers and single records are named, and the way out is another one', async () => {
    const base = new MemoryKv();
    for (const [key, name] of [
      [TIP_KEY, /^the tip: .*--reindex /],
      [headerKey(7, hash(7)), /^header [0-9a-f]{64} at height 7: .*--reindex /],
    ] as const) {
      await base.batch([{ type: 'put', key, value: value(1) }], { sync: true });
      await assert.rejects(new SummedKv(base, { path: 'db' }).get(key), (error: unknown) => isCorrupt(error, name));
    }
    const light = new SummedKv(base, { path: 'db', hint: 'Move it away' });
    await assert.rejects(light.get(TIP_KEY), (error: unknown) => isCorrupt(error, /Move it away$/));
  });

  it('once damage was met nothing is written, and it is told once', async () => {
    const base = new MemoryKv();
    const told: unknown[] = [];
    const latch = new DamageLatch((error) => void told.push(error));
    const kv = new SummedKv(base, { path: 'db', latch });
    await base.batch([{ type: 'put', key: coin(1), value: value(1) }], { sync: true });
    const put: KvOp = { type: 'put', key: coin(2), value: value(2) };
    await kv.batch([put], { sync: true });
    await assert.rejects(kv.get(coin(1)), /coin .*:1/);
    await assert.rejects(kv.get(coin(1)), /coin .*:1/);
    await assert.rejects(kv.batch([{ type: 'del', key: coin(2) }], { sync: true }), /coin .*:1/);
    await assert.rejects(kv.settle(), /coin .*:1/);
    assert.deepEqual(await kv.get(coin(2)), value(2), 'what is good can be read');
    assert.equal(told.length, 1);
    assert.equal(latch.error, told[0]);
  });

  it('who wants to see all damage is told of each record and reads on', async () => {
    const base = new MemoryKv();
    await base.batch(
      [1, 2].map((n) => ({ type: 'put', key: coin(n), value: value(n) }) as const),
      { sync: true },
    );
    const wrong: string[] = [];
    const kv = new SummedKv(base, { path: 'db', wrong: (_, message) => void wrong.push(message) });
    let records = 0;
    for await (const _ of kv.iterate(rangeOf(PREFIX.COIN))) records++;
    assert.equal(records, 2);
    assert.equal(wrong.length, 2);
  });

  describe('in a LevelDB table', () => {
    const COINS = [1, 2, 3, 4];
    let dir: string;
    let path: string;
    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'cairn-summed-'));
      path = join(dir, 'chain');
      const kv = new SummedKv(await openUnchecked(path), { path });
      await kv.batch(
        COINS.map((n) => ({ type: 'put', key: coin(n), value: value(n) }) as const),
        { sync: true },
      );
      await kv.settle();
      await kv.close();
    });
    after(() => rm(dir, { recursive: true, force: true }));

    async function tableOf(folder: string): Promise<string> {
      const tables = (await readdir(folder)).filter((name) => /\.(ldb|sst)$/.test(name));
      assert.equal(tables.length, 1);
      return join(folder, tables[0] as string);
    }

    /** Bytes of the entries: lengths, keys, sequence numbers, values and checksums of all coins. */
    function entriesIn(bytes: Uint8Array): number {
      const last = [...COINS].sort((a, b) => Buffer.compare(coin(a), coin(b))).at(-1) as number;
      const at = Buffer.from(bytes).indexOf(value(last));
      assert.ok(at > 0);
      return at + value(last).length + 4;
    }

    /** No coin is ever read as another than it was; reading all of them tells of the damage, or their number does. */
    async function check(folder: string, at: number): Promise<string[]> {
      const base = await openUnchecked(folder);
      try {
        const seen: string[] = [];
        for (const n of COINS) {
          const answer = await reading(() => new SummedKv(base, { path: folder }).get(coin(n)));
          assert.ok([toHex(value(n)), 'none', 'damage'].includes(answer), `byte ${at}: coin ${n} is ${answer}`);
          seen.push(answer);
        }
        let found = 0;
        const whole = await reading(async () => {
          for await (const _ of new SummedKv(base, { path: folder }).iterate(rangeOf(PREFIX.COIN))) found++;
          return undefined;
        });
        const good = COINS.every((n, i) => seen[i] === toHex(value(n)));
        assert.ok(whole === 'damage' || found !== COINS.length || good, `byte ${at}: nobody notices`);
        return seen;
      } finally {
        await base.close();
      }
    }

    it('a flipped bit in any byte beneath a stopped node is never read as a coin', async function () {
      this.timeout(60_000);
      const original = await readFile(await tableOf(path));
      const end = entriesIn(original);
      const damage: number[] = [];
      const missing: number[] = [];
      for (let at = 0; at < end; at++) {
        const folder = join(dir, `flip${at}`);
        await cp(path, folder, { recursive: true });
        const bytes = Buffer.from(original);
        bytes[at] = (bytes[at] as number) ^ (1 << (at & 7));
        await writeFile(await tableOf(folder), bytes);
        const seen = await check(folder, at);
        if (seen.includes('damage')) damage.push(at);
        else if (seen.includes('none')) missing.push(at);
        await rm(folder, { recursive: true, force: true });
      }
      // Values and checksums at least; keys at least.
      assert.ok(damage.length >= COINS.length * 34, `${damage.length} bytes were named`);
      assert.ok(missing.length >= COINS.length * 20, `${missing.length} bytes make a coin vanish`);
    });

    it('and so is one while the database is open', async () => {
      const folder = join(dir, 'open');
      await cp(path, folder, { recursive: true });
      const base = await openUnchecked(folder);
      try {
        const kv = new SummedKv(base, { path: folder });
        const file = await tableOf(folder);
        const bytes = await readFile(file);
        const at = bytes.indexOf(value(2)) + 3;
        bytes[at] = (bytes[at] as number) ^ 0x10;
        await writeFile(file, bytes);
        await assert.rejects(kv.get(coin(2)), (error: unknown) => isCorrupt(error, /^coin .*:2: /));
        await assert.rejects(kv.batch([{ type: 'del', key: coin(1) }], { sync: true }), /coin .*:2/);
      } finally {
        await base.close();
      }
    });

    it('a compaction gives the block a good checksum, and the record is still wrong', async () => {
      const folder = join(dir, 'compacted');
      await cp(path, folder, { recursive: true });
      const file = await tableOf(folder);
      const bytes = await readFile(file);
      const at = bytes.indexOf(value(3)) + 7;
      bytes[at] = (bytes[at] as number) ^ 0x01;
      await writeFile(file, bytes);
      const level = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' });
      await level.open();
      // Something that lies among the coins, or the table is only moved.
      await level.put(coin(9), value(9));
      await (level as unknown as { compactRange(a: Uint8Array, b: Uint8Array): Promise<void> }).compactRange(
        Uint8Array.of(0),
        Uint8Array.of(0xff),
      );
      await level.close();
      const { kv, damage } = await FrozenKv.verify(nodeFolder(folder));
      assert.deepEqual(damage, [], 'the damage was written anew as if it were right');
      assert.ok(kv);
      await assert.rejects(new SummedKv(kv, { path: folder }).get(coin(3)), (error: unknown) =>
        isCorrupt(error, /^coin .*:3: /),
      );
    });
  });
});
