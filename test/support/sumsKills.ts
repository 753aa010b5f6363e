import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLevelKv, openSummedKv } from '../../src/store/kvLevel.node.ts';
import { COPIED_KEY, PREFIX } from '../../src/store/schema.ts';
import { equalBytes } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';

const ALL = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };

/** All records, as text, but for what a copy says of itself. */
export async function content(kv: Pick<Kv, 'iterate'>): Promise<string[]> {
  const out: string[] = [];
  for await (const [key, value] of kv.iterate(ALL))
    if (!equalBytes(key, COPIED_KEY)) out.push(`${toHex(key)} ${toHex(value)}`);
  return out;
}

/** Turns what format 3 wrote into what format 2 wrote: the same records without checksums. */
export async function intoFormat2(dir: string): Promise<void> {
  const path = join(dir, 'chain');
  const now = await openSummedKv(path);
  const ops: KvOp[] = [];
  for await (const [key, value] of now.iterate(ALL)) ops.push({ type: 'put', key, value });
  await now.close();
  await rm(path, { recursive: true });
  const then = await openLevelKv(path);
  await then.batch(ops, { sync: true });
  // In a table and in the log, as a node leaves them.
  await then.settle();
  await then.batch(ops.slice(0, 5), { sync: true });
  await then.close();
  const format = JSON.parse(await readFile(join(dir, 'format.json'), 'utf8'));
  await writeFile(join(dir, 'format.json'), JSON.stringify({ ...format, format: 2 }));
}

/**
 * Puts that many records (a multiple of 5000) into a directory of format 2, and has a process bring it to format 3 that is
 * killed after every 700 kB of the copy; then nothing is missing.
 */
export async function killUntilDone(dir: string, records: number): Promise<void> {
  const path = join(dir, 'chain');
  const kv = await openLevelKv(path);
  for (let n = 0; n < records; n += 5000) {
    const more = Array.from({ length: 5000 }, (_, i): KvOp => {
      const key = new Uint8Array(37).fill((n + i) >> 6);
      key[0] = PREFIX.COIN;
      new DataView(key.buffer).setUint32(1, n + i);
      return { type: 'put', key, value: new Uint8Array(50).fill(n + i) };
    });
    await kv.batch(more, { sync: false });
  }
  const expected = await content(kv);
  await kv.close();
  const copied = (): number => {
    if (!existsSync(`${path}.3`)) return -1;
    // A file may go between the two looks at it.
    const sizeOf = (name: string): number => statSync(join(`${path}.3`, name), { throwIfNoEntry: false })?.size ?? 0;
    return readdirSync(`${path}.3`).reduce((sum, name) => sum + sizeOf(name), 0);
  };
  let kills = 0;
  for (let code: number | null = null; code === null; ) {
    const child = spawn(process.execPath, ['test/store/migrateDatadir.node.ts', dir], { stdio: 'inherit' });
    // Each time a little later.
    const watch = setInterval(() => {
      if (copied() >= kills * 700_000) child.kill('SIGKILL');
    }, 2);
    [code] = (await once(child, 'exit')) as [number | null];
    clearInterval(watch);
    if (code === null) kills++;
    else assert.equal(code, 0);
  }
  assert.ok(kills > 0, 'never killed');
  const now = await openSummedKv(path);
  assert.deepEqual(await content(now), expected);
  await now.close();
}
