import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../../src/store/errors.ts';
import { openLevelKv } from '../../src/store/kvLevel.node.ts';
import { SYNCED_ENDS_KEY } from '../../src/store/schema.ts';

const key = (n: number): Uint8Array => Uint8Array.of(0x40, n);
const value = new Uint8Array(100).fill(7);
const damaged = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.kind === 'corrupt' && pattern.test(error.message);

describe('store: a database folder before it is opened', () => {
  let dir: string;
  let told: string[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-level-'));
    told = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const open = () => openLevelKv(dir, (message) => told.push(message));

  /** A log of five batches; the one with number `synced` is one that is always synced. */
  async function fill(synced: number | undefined): Promise<void> {
    const kv = await open();
    for (let n = 0; n < 5; n++) {
      const mark = n === synced ? [{ type: 'put', key: SYNCED_ENDS_KEY, value } as const] : [];
      await kv.batch([{ type: 'put', key: key(n), value }, ...mark], { sync: n === synced });
    }
    await kv.close();
  }

  async function found(): Promise<number[]> {
    const kv = await open();
    const numbers: number[] = [];
    for await (const [at] of kv.iterate({ gte: key(0), lt: key(255) })) numbers.push(at[1] as number);
    await kv.close();
    return numbers;
  }

  function fileOf(pattern: RegExp): string {
    const name = readdirSync(dir).find((file) => pattern.test(file));
    assert.ok(name);
    return join(dir, name);
  }

  /** Changes a byte of the batch with number `n`. */
  function hurt(path: string, n: number): void {
    const bytes = readFileSync(path);
    const at = bytes.indexOf(key(n));
    assert.ok(at > 0);
    bytes[at + 50] = (bytes[at + 50] as number) ^ 1;
    writeFileSync(path, bytes);
  }

  it('a folder that is not there, or holds no database yet, is made', async () => {
    assert.deepEqual(await found(), []);
    rmSync(join(dir, 'CURRENT'));
    assert.deepEqual(await found(), []);
    assert.deepEqual(told, []);
  });

  it('a damaged write with a synced one behind it is damage, named with file and offset', async () => {
    await fill(3);
    const log = fileOf(/\.log$/);
    hurt(log, 1);
    await assert.rejects(
      open(),
      damaged(new RegExp(`offset \\d+: record has a wrong checksum \\(${log}\\).*--reindex`)),
    );
    assert.deepEqual(told, []);
  });

  it('without one behind it the log is cut there: what comes after a lost write is lost, too', async () => {
    await fill(0);
    hurt(fileOf(/\.log$/), 2);
    assert.deepEqual(await found(), [0, 1]);
    assert.equal(told.length, 1);
    assert.match(told[0] as string, /\.log: offset \d+: record has a wrong checksum: cut there/);
    assert.deepEqual(await found(), [0, 1]);
    assert.equal(told.length, 1);
  });

  it('bytes of a new log that never came to the disk are cut', async () => {
    await fill(undefined);
    const log = fileOf(/\.log$/);
    writeFileSync(log, Buffer.concat([readFileSync(log), Buffer.alloc(5000)]));
    assert.deepEqual(await found(), [0, 1, 2, 3, 4]);
  });

  it('a damaged table is found before LevelDB reads it', async () => {
    await fill(4);
    const kv = await open();
    await kv.settle();
    await kv.close();
    const table = fileOf(/\.ldb$/);
    const good = readFileSync(table);
    for (let at = 0; at < good.length; at += 37) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 0x10;
      writeFileSync(table, bad);
      await assert.rejects(open(), damaged(/\.ldb\)/), `byte ${at}`);
    }
    writeFileSync(table, good);
    rmSync(join(dir, 'CURRENT'));
    await assert.rejects(open(), damaged(/CURRENT/));
  });
});
