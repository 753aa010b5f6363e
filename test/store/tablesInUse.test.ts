import assert from 'node:assert/strict';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUnchecked } from '../../src/store/kvLevel.node.ts';
import type { FolderReader } from '../../src/store/level/damage.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { TablesInUse } from '../../src/store/level/tablesInUse.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';

const key = (group: number, n: number): Uint8Array => Uint8Array.of(0x20, group, n);

describe('store: tables of a database in use', () => {
  let dir: string;
  let kv: Kv;
  /** Tables that were read. */
  let read: string[];
  let folder: FolderReader;
  let now: number;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-tables-'));
    kv = await openUnchecked(dir);
    // Two tables that have no keys in common.
    for (const group of [1, 2]) await put(group);
    read = [];
    now = 0;
    const real = nodeFolder(dir);
    folder = {
      ...real,
      read: (name) => {
        if (/\.(ldb|sst)$/.test(name)) read.push(name);
        return real.read(name);
      },
    };
  });
  afterEach(async () => {
    await kv.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function put(group: number): Promise<void> {
    const ops = Array.from(
      { length: 100 },
      (_, n): KvOp => ({ type: 'put', key: key(group, n), value: key(n, group) }),
    );
    await kv.batch(ops, { sync: true });
    await kv.settle();
  }
  const tables = (reader = folder): TablesInUse =>
    new TablesInUse({ folder: reader, nowMs: () => now, pause: async () => {} });

  async function flip(name: string): Promise<void> {
    const file = await open(join(dir, name), 'r+');
    await file.write(Uint8Array.of(0xff), 0, 1, 40);
    await file.close();
  }

  it('only those that may hold the key are read, and none twice in a while', async () => {
    const some = tables();
    assert.equal(await some.verify(key(1, 50)), undefined);
    assert.equal(read.length, 1);
    assert.equal(await some.verify(key(1, 60)), undefined);
    assert.equal(read.length, 1);
    assert.equal(await some.verify(key(3, 0)), undefined);
    assert.equal(read.length, 1, 'no table reaches so far');
    assert.equal(await some.verify(), undefined);
    assert.equal(read.length, 2);
    now = 11 * 60_000;
    assert.equal(await some.verify(), undefined);
    assert.equal(read.length, 4);
  });

  it('damage is named with its file, where the key would lie', async () => {
    const some = tables();
    await some.verify(key(2, 1));
    const [second] = read as [string];
    await flip(second);
    assert.equal(await some.verify(key(2, 1)), undefined, 'it was good a moment ago');
    now = 11 * 60_000;
    assert.equal(await some.verify(key(1, 1)), undefined);
    const damage = await some.verify(key(2, 1));
    assert.equal(damage?.path, join(dir, second));
    assert.match(damage?.detail ?? '', /wrong checksum/);
    assert.ok((await some.verify()) !== undefined);
  });

  it('a table that a compaction took away meanwhile is no damage', async () => {
    let compacted = false;
    const racing: FolderReader = {
      ...folder,
      async read(name) {
        if (name.startsWith('MANIFEST') && compacted) return firstRecord(await folder.read(name));
        if (!name.endsWith('.ldb')) return folder.read(name);
        compacted = true;
        throw new Error('no such file');
      },
    };
    assert.equal(await tables(racing).verify(key(1, 1)), undefined);
    assert.equal(compacted, true);
  });

  it('a log that came after the names were listed, time after time, is no damage', async () => {
    let rotated = false;
    const rotating: FolderReader = {
      ...folder,
      list: async () => (await folder.list()).filter((name) => rotated || !name.endsWith('.log')),
      read(name) {
        rotated = true;
        return folder.read(name);
      },
    };
    const pause = async (): Promise<void> => {
      rotated = false;
    };
    const some = new TablesInUse({ folder: rotating, nowMs: () => now, pause });
    assert.equal(await some.verify(key(1, 1)), undefined);
    const without = { ...folder, list: async () => (await folder.list()).filter((name) => !name.endsWith('.log')) };
    assert.match((await tables(without).verify())?.detail ?? '', /file is missing/);
  });

  it('a table that cannot be read, and is still one of the database, is a failure', async () => {
    const broken: FolderReader = {
      ...folder,
      read: (name) => (/\.ldb$/.test(name) ? Promise.reject(new Error('input/output error')) : folder.read(name)),
    };
    await assert.rejects(tables(broken).verify(), /input\/output error/);
  });
});

/** Of a manifest: a database without tables. */
function firstRecord(manifest: Uint8Array): Uint8Array {
  const length = (manifest[4] as number) | ((manifest[5] as number) << 8);
  return manifest.subarray(0, 7 + length);
}
