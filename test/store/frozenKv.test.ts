import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelKv } from '../../src/store/kvLevel.node.ts';
import { crc32c } from '../../src/store/level/crc32c.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { FrozenKv } from '../../src/store/level/frozenKv.ts';
import { asciiBytes } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';

const key = (n: number): Uint8Array => asciiBytes(`key ${String(n).padStart(6, '0')}`);
/** Half of it packs well, half not. */
const value = (n: number, size = 60): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i < size / 2 ? n : n * 2654435761 * (i + 1)) >>> (i % 5));
const ALL: { gte: Uint8Array; lt: Uint8Array } = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };

async function content(kv: Pick<Kv, 'iterate'>, range = ALL): Promise<string[]> {
  const out: string[] = [];
  for await (const [k, v] of kv.iterate(range)) out.push(`${toHex(k)} ${toHex(v)}`);
  return out;
}

describe('store: a LevelDB folder read without LevelDB', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-frozen-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** Puts, overwrites and deletions over several sessions; enough of them to make tables on two levels. */
  async function fill(path: string, sessions: number, perSession: number): Promise<string[]> {
    for (let s = 0; s < sessions; s++) {
      const kv = await openLevelKv(path);
      for (let i = 0; i < perSession; i += 500) {
        const ops: KvOp[] = [];
        for (let n = i; n < Math.min(i + 500, perSession); n++) {
          const at = (n * 7919 + s * 31) % (perSession * 2);
          ops.push(
            n % 5 === 0 ? { type: 'del', key: key(at) } : { type: 'put', key: key(at), value: value(at + s, 200) },
          );
        }
        await kv.batch(ops, { sync: false });
      }
      await kv.close();
    }
    const kv = await openLevelKv(path);
    const all = await content(kv);
    await kv.close();
    return all;
  }

  it('crc32c is the Castagnoli one', () => {
    // RFC 3720 B.4
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
    assert.equal(crc32c(asciiBytes('123456789')), 0xe3069283);
    assert.equal(crc32c(asciiBytes('56789'), 0, 5, crc32c(asciiBytes('1234'))), 0xe3069283);
  });

  it('reads what LevelDB reads: tables, levels, logs, overwritten and deleted keys', async function () {
    this.timeout(30_000);
    const path = join(dir, 'db');
    const all = await fill(path, 5, 12_000);
    assert.ok((await readdir(path)).filter((name) => name.endsWith('.ldb')).length > 2);
    const before = await snapshot(path);
    const { kv, damage, torn } = await FrozenKv.verify(nodeFolder(path));
    assert.deepEqual(damage, []);
    assert.equal(torn, 0);
    assert.ok(kv);
    assert.deepEqual(await content(kv), all);
    const some = all.filter((_, i) => i % 997 === 0).map((line) => line.split(' ') as [string, string]);
    const keys = some.map(([k]) => Uint8Array.from(Buffer.from(k, 'hex')));
    assert.deepEqual(
      (await kv.getMany(keys)).map((v) => v && toHex(v)),
      some.map(([, v]) => v),
    );
    assert.equal(await kv.get(asciiBytes('key x')), undefined);
    const range = { gte: key(500), lt: key(1500) };
    const level = await openLevelKv(await copyOf(path));
    assert.deepEqual(await content(kv, range), await content(level, range));
    await level.close();
    await assert.rejects(kv.batch(), /only read/);
    // Nothing was changed, made or removed.
    assert.deepEqual(await snapshot(path), before);
  });

  async function snapshot(path: string): Promise<string[]> {
    const out: string[] = [];
    for (const name of (await readdir(path)).sort()) out.push(`${name} ${toHex(await readFile(join(path, name)))}`);
    return out;
  }

  async function copyOf(path: string): Promise<string> {
    await cp(path, `${path}.copy`, { recursive: true });
    return `${path}.copy`;
  }

  it('every flipped bit of every file that counts is found and its file named', async function () {
    this.timeout(60_000);
    const path = join(dir, 'db');
    // The first session ends up in a table, the second stays in the log.
    for (const n of [1, 2]) {
      const kv = await openLevelKv(path);
      for (let i = 0; i < 8; i++)
        await kv.batch([{ type: 'put', key: key(n * 10 + i), value: value(i) }], { sync: true });
      await kv.close();
    }
    const names = (await readdir(path)).filter((name) => /\.ldb$|\.log$|^MANIFEST|^CURRENT$/.test(name));
    assert.equal(names.length, 4, names.join(' '));
    const folder = nodeFolder(path);
    for (const name of names) {
      const bytes = Uint8Array.from(await readFile(join(path, name)));
      const flipped = bytes.slice();
      const lying = { ...folder, read: async (asked: string) => (asked === name ? flipped : folder.read(asked)) };
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        flipped[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        const { kv, damage } = await FrozenKv.verify(lying);
        assert.equal(kv, undefined, `${name} bit ${bit}`);
        // CURRENT names another file, which is then the one that is missing.
        const where = damage.filter((one) => one.path === folder.path(name) || name === 'CURRENT');
        // A table's last 48 bytes say where its index lies.
        const inFooter = name.endsWith('.ldb') && bit >> 3 >= bytes.length - 48;
        const found = where.some(({ offset }) => offset === undefined || offset <= bit >> 3 || inFooter);
        assert.ok(found, `${name} bit ${bit}`);
        flipped[bit >> 3] = bytes[bit >> 3] as number;
      }
    }
  });

  it('a log cut off anywhere is what a crash leaves: whole records count, the rest is no damage', async () => {
    const path = join(dir, 'db');
    const kv = await openLevelKv(path);
    for (let i = 0; i < 5; i++) await kv.batch([{ type: 'put', key: key(i), value: value(i, 9000) }], { sync: true });
    await kv.close();
    const folder = nodeFolder(path);
    const [name] = (await folder.list()).filter((file) => file.endsWith('.log')) as [string];
    const bytes = await folder.read(name);
    let whole = -1;
    for (let size = 0; size <= bytes.length; size += size < bytes.length - 300 ? 251 : 1) {
      const cut = { ...folder, read: async (f: string) => (f === name ? bytes.subarray(0, size) : folder.read(f)) };
      const found = await FrozenKv.verify(cut);
      assert.deepEqual(found.damage, [], `cut at ${size}`);
      const records = (await content(found.kv as FrozenKv)).length;
      assert.ok(records >= whole && records <= 5);
      whole = records;
      assert.equal(found.torn > 0 || size === bytes.length || found.torn === 0, true);
    }
    assert.equal(whole, 5);
  });

  it('missing files are named', async () => {
    const path = join(dir, 'db');
    const kv = await openLevelKv(path);
    await kv.batch([{ type: 'put', key: key(1), value: value(1) }], { sync: true });
    await kv.close();
    await (await openLevelKv(path)).close();
    const folder = nodeFolder(path);
    for (const pattern of [/\.ldb$/, /\.log$/, /^MANIFEST/, /^CURRENT$/]) {
      const without = { ...folder, list: async () => (await folder.list()).filter((name) => !pattern.test(name)) };
      const { damage } = await FrozenKv.verify(without);
      assert.ok(
        damage.some((one) => /missing/.test(one.detail)),
        String(pattern),
      );
    }
    assert.match((await FrozenKv.verify(nodeFolder(join(dir, 'none')))).damage[0]?.detail ?? '', /missing/);
    await writeFile(join(path, 'CURRENT'), 'MANIFEST-999999\n');
    assert.match((await FrozenKv.verify(folder)).damage[0]?.path ?? '', /MANIFEST-999999/);
  });
});
