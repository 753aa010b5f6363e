import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addSums } from '../../src/store/addSums.node.ts';
import { copyRecords, isCopyOf } from '../../src/store/copyRecords.ts';
import { StoreError } from '../../src/store/errors.ts';
import { openLevelKv, openSummedKv } from '../../src/store/kvLevel.node.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { openDatadir } from '../../src/store/openDatadir.node.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { COPIED_KEY, PREFIX, rangeOf } from '../../src/store/schema.ts';
import { SummedKv } from '../../src/store/summedKv.ts';
import { equalBytes } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';
import { mineChain, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain } from '../chain/setup.ts';
import { content, intoFormat2, killUntilDone } from '../support/sumsKills.ts';
import { type Fault, FaultyDisk } from './faultyDisk.ts';
import { MemoryDisk } from './memoryDisk.ts';

const ALL = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };

/** The same of large values that are all the same byte, in short. */
async function outline(kv: Pick<Kv, 'iterate'>): Promise<string[]> {
  const out: string[] = [];
  for await (const [key, value] of kv.iterate(ALL))
    if (!equalBytes(key, COPIED_KEY)) out.push(`${toHex(key)} ${value.length} of ${value[0]}`);
  return out;
}

describe('store: a copy of a database, batch by batch', () => {
  /** Large values, so that a few fill a batch. */
  const ops = Array.from({ length: 40 }, (_, n): KvOp => {
    return { type: 'put', key: Uint8Array.of(PREFIX.COIN, n), value: new Uint8Array(200_000).fill(n) };
  });
  const source = Uint8Array.of(1, 2, 3);
  let from: MemoryKv;
  before(async () => {
    from = new MemoryKv();
    await from.batch(ops, { sync: true });
  });
  const summed = (kv: Kv): SummedKv => new SummedKv(kv, { path: 'copy' });

  it('holds all records, in batches that a machine has room for, and tells how many there are', async () => {
    const disk = new MemoryDisk();
    const told: number[] = [];
    await copyRecords(from, summed(disk.kv), source, (records) => told.push(records));
    assert.deepEqual(await outline(summed(disk.kv)), await outline(from));
    assert.ok(told.length >= 6 && told.every((n, i) => n > (told[i - 1] ?? 0) && n - (told[i - 1] ?? 0) <= 6));
  });

  it('an empty database is copied, too', async () => {
    const kv = new MemoryKv();
    await copyRecords(new MemoryKv(), kv, source);
    assert.deepEqual(await outline(kv), []);
    assert.equal(await isCopyOf(kv, source), true);
  });

  for (const how of ['kill', 'power cut'] as const)
    it(`every write fails or is the last, then a ${how}: the next call goes on and ends with the same`, async function () {
      this.timeout(20_000);
      let longest = 0;
      for (const fault of ['refused', 'torn', 'answer lost', 'gone'] as const satisfies readonly Fault[])
        for (let n = 1, goes = true; goes; n++) {
          const disk = new MemoryDisk();
          const faulty = new FaultyDisk(disk.kv, disk.fs);
          faulty.failAt(n, fault);
          const first = await copyRecords(from, summed(faulty.kv), source).catch((error: unknown) => error);
          goes = faulty.failed;
          assert.equal(first === undefined, !goes);
          await disk.restart(how, n);
          assert.equal(await isCopyOf(summed(disk.kv), source), true);
          let records = 0;
          await copyRecords(from, summed(disk.kv), source, (copied) => {
            records = copied;
          });
          assert.deepEqual(await outline(summed(disk.kv)), await outline(from), `${fault} at write ${n}`);
          // A batch that was synced is not copied again.
          if (n > 4 && goes) assert.ok(records < ops.length - 12, `${records} records copied again after write ${n}`);
          longest = Math.max(longest, n);
        }
      assert.ok(longest > 7, `only ${longest} writes`);
    });

  it('what is no copy of this is not gone on with', async () => {
    const kv = new MemoryKv();
    await copyRecords(from, kv, Uint8Array.of(9));
    assert.equal(await isCopyOf(kv, source), false);
    const other = new MemoryKv();
    await other.batch([{ type: 'put', key: Uint8Array.of(0x10), value: source }], { sync: true });
    assert.equal(await isCopyOf(other, source), false);
  });
});

describe('store: from format 2 to 3', () => {
  let root: string;
  let dir: string;
  let goal: { tip: string; coins: string[]; records: string[] };
  const quiet = { tell: (): void => {}, replaced: [] };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'cairn-sums-'));
    dir = join(root, 'first');
    const store = await openFullStore({ dir, network: regtest });
    const { chain } = await openChain(undefined, { store });
    await acceptAll(chain, mineChain(chain.genesis, 30));
    goal = { tip: chain.tip().header.id, coins: await coinsOf(store), records: [] };
    await chain.close();
    await store.close();
    const kv = await openSummedKv(join(dir, 'chain'));
    goal = { ...goal, records: await content(kv) };
    await kv.close();
    await intoFormat2(dir);
  });
  beforeEach(async () => {
    dir = join(root, 'run');
    await cp(join(root, 'first'), dir, { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  after(() => rm(root, { recursive: true, force: true }));

  const formatNow = async (): Promise<unknown> => JSON.parse(await readFile(join(dir, 'format.json'), 'utf8')).format;
  const copies = async (): Promise<string[]> => (await readdir(dir)).filter((name) => /\.(2|3|old|new)$/.test(name));

  /** The directory is the one that was, whole, in format 3. */
  async function isWhole(what = ''): Promise<void> {
    const store = await openFullStore({ dir, network: regtest, migrating: quiet });
    const { chain } = await openChain(undefined, { store });
    assert.equal(chain.tip().header.id, goal.tip, what);
    assert.deepEqual(await coinsOf(store), goal.coins, what);
    await chain.close();
    await store.close();
    assert.equal(await formatNow(), 3, what);
    assert.deepEqual(await copies(), [], what);
  }

  it('every record gets a checksum and stays what it was', async () => {
    const told: string[] = [];
    await (await openDatadir(dir, regtest, { tell: (message) => void told.push(message) })).close();
    assert.match(told[0] ?? '', /from format 2 to 3: the records of the databases get checksums/);
    const kv = await openSummedKv(join(dir, 'chain'));
    assert.deepEqual(await content(kv), goal.records);
    await kv.close();
    await isWhole();
  });

  it('a crash at any step is made good by the next start', async () => {
    const path = join(dir, 'chain');
    // Nothing is known of a copy that was begun but never written to.
    await (await openLevelKv(`${path}.3`)).close();
    await isWhole('an empty copy');

    await cp(join(root, 'first'), dir, { recursive: true, force: true });
    await rm(path, { recursive: true });
    await cp(join(root, 'first', 'chain'), path, { recursive: true });
    await addSums(dir, quiet);
    assert.equal(await formatNow(), 2);
    assert.deepEqual(await copies(), ['chain.3']);
    await cp(dir, join(root, 'copied'), { recursive: true });
    await isWhole('all is copied, the number is not written');

    const number = async (): Promise<void> => {
      await rm(dir, { recursive: true });
      await cp(join(root, 'copied'), dir, { recursive: true });
      const format = JSON.parse(await readFile(join(dir, 'format.json'), 'utf8'));
      await writeFile(join(dir, 'format.json'), JSON.stringify({ ...format, format: 3 }));
    };
    await number();
    await isWhole('the number is written');
    await number();
    await rename(path, `${path}.2`);
    await isWhole('the old one is moved away');
    await number();
    await rename(path, `${path}.2`);
    await rename(`${path}.3`, path);
    await isWhole('the new one is in its place');
  });

  it('a process that is killed again and again gets there, and nothing is lost', async function () {
    this.timeout(60_000);
    await killUntilDone(dir, 20_000);
    assert.equal(await formatNow(), 3);
  });

  it('a copy is begun anew when the database was used in between', async () => {
    await addSums(dir, quiet);
    const key = Uint8Array.of(PREFIX.HEADER, 0xff);
    const kv = await openLevelKv(join(dir, 'chain'));
    await kv.batch([{ type: 'put', key, value: Uint8Array.of(7) }], { sync: true });
    await kv.close();
    await (await openDatadir(dir, regtest, quiet)).close();
    const now = await openSummedKv(join(dir, 'chain'));
    assert.deepEqual(await now.get(key), Uint8Array.of(7));
    await now.close();
  });

  it('a damaged database is not given good checksums: it is named, and can be made anew from the blocks', async () => {
    const folder = join(dir, 'chain');
    const table = (await readdir(folder)).find((name) => name.endsWith('.ldb')) as string;
    const bytes = await readFile(join(folder, table));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
    await writeFile(join(folder, table), bytes);
    for (let i = 0; i < 2; i++)
      await assert.rejects(
        openDatadir(dir, regtest, quiet),
        (error: unknown) =>
          error instanceof StoreError && error.path.endsWith(table) && /checksum.*--reindex/.test(error.message),
      );
    assert.equal(await formatNow(), 2);
    await (await openDatadir(dir, regtest, quiet, ['chain'])).close();
    assert.equal(await formatNow(), 3);
    assert.deepEqual(await copies(), []);
  });

  it('damaged coins below a snapshot are begun anew, damaged headers of a light node come again from peers', async () => {
    for (const name of ['past', 'headers']) {
      await cp(join(root, 'first', 'chain'), join(dir, name), { recursive: true });
      const table = (await readdir(join(dir, name))).find((file) => file.endsWith('.ldb')) as string;
      const bytes = await readFile(join(dir, name, table));
      bytes[100] = (bytes[100] as number) ^ 1;
      await writeFile(join(dir, name, table), bytes);
    }
    const told: string[] = [];
    await assert.rejects(
      openDatadir(dir, regtest, { tell: (message) => void told.push(message) }),
      (error: unknown) => error instanceof StoreError && /Move \S+headers away: the headers/.test(error.message),
    );
    assert.ok(
      told.some((line) => /past\S+ldb: offset \d+: .* the blocks below the snapshot are connected again/.test(line)),
    );
    await rm(join(dir, 'headers'), { recursive: true });
    await isWhole();
    assert.ok(!existsSync(join(dir, 'past')));
  });

  it('without room for the copies nothing is written, and what there is of a copy counts', async () => {
    const path = join(dir, 'chain');
    const names = await readdir(path);
    let asked = '';
    const free = (bytes: number) => ({
      ...quiet,
      freeBytes: async (folder: string) => {
        asked = folder;
        return bytes;
      },
    });
    const needed = async (bytes: number): Promise<number> => {
      let found = Number.NaN;
      await assert.rejects(openDatadir(dir, regtest, free(bytes)), (error: unknown) => {
        assert.ok(error instanceof StoreError && error.kind === 'full' && error.path === dir && error.exitCode === 74);
        const [, need, have] = /needs (\d+) bytes, (\d+) are free/.exec(error.detail) ?? [];
        assert.equal(Number(have), bytes);
        assert.match(error.hint, /Free space/);
        found = Number(need);
        return true;
      });
      return found;
    };
    const all = await needed(0);
    const tables = names.filter((name) => /\.(ldb|log)$/.test(name));
    const size = tables.reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
    assert.ok(all >= size + (16 << 20) && all < size * 1.1 + (16 << 20) + 1, `${all} bytes for ${size}`);
    assert.equal(await needed(all - 1), all);
    assert.equal(asked, dir);
    assert.deepEqual([await readdir(path), await copies(), await formatNow()], [names, [], 2]);

    await mkdir(`${path}.3`);
    await writeFile(join(`${path}.3`, '000005.ldb'), new Uint8Array(1000));
    assert.equal(await needed(0), all - 1000);
    await rm(`${path}.3`, { recursive: true });
    await (await openDatadir(dir, regtest, free(all))).close();
    await isWhole();
  });

  it('a database that is made anew needs no room for a copy', async () => {
    await (await openDatadir(dir, regtest, { ...quiet, freeBytes: async () => 0 }, ['chain'])).close();
    assert.equal(await formatNow(), 3);
  });

  it('who changes nothing leaves it as it is', async () => {
    await assert.rejects(openDatadir(dir, regtest), /has format 2, this version has format 3/);
    assert.equal(await formatNow(), 2);
  });

  it('coins below a snapshot and the headers of a light node get theirs, too', async () => {
    for (const name of ['past', 'headers']) {
      const kv = await openLevelKv(join(dir, name));
      await kv.batch([{ type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(7) }], { sync: true });
      await kv.close();
    }
    await (await openDatadir(dir, regtest, quiet)).close();
    for (const name of ['past', 'headers']) {
      const kv = await openSummedKv(join(dir, name));
      assert.deepEqual(await kv.get(Uint8Array.of(1)), Uint8Array.of(7));
      for await (const [key] of kv.iterate(rangeOf(PREFIX.COIN))) assert.fail(toHex(key));
      await kv.close();
    }
  });
});
