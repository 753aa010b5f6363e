import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskGuard } from '../../src/app/disk/diskGuard.ts';
import { scarcest } from '../../src/app/disk/freeSpace.node.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { SimClock } from '../support/simClock.ts';

const MB = 1_000_000;

describe('disk guard', () => {
  let clock: SimClock;
  let bytes: number | Error;
  let looks: number;
  let unwritten: number;
  let lifetime: Lifetime;
  let told: string[];
  beforeEach(() => {
    clock = new SimClock();
    looks = 0;
    unwritten = 0;
    bytes = 1000 * MB;
    lifetime = new Lifetime();
    told = [];
  });
  afterEach(() => lifetime.close());

  function guard(reserve = 50 * MB): DiskGuard {
    const free = async () => {
      looks++;
      if (bytes instanceof Error) throw bytes;
      return { path: '/data', bytes };
    };
    const made = new DiskGuard({
      reserve,
      unwritten: () => unwritten,
      free,
      clock,
      timers: clock,
      lifetime,
      log: silentLogger,
    });
    made.events.on('paused', () => told.push('paused'));
    made.events.on('resumed', () => told.push('resumed'));
    return made;
  }

  it('pauses below the reserve with a reason that names place, space and option, and resumes a tenth above it', async () => {
    const disk = guard();
    await disk.look();
    assert.equal(disk.paused, undefined);
    assert.deepEqual(await disk.room(1), { ok: true, value: undefined });
    bytes = 50 * MB - 1;
    await clock.run(1_000);
    assert.match(disk.paused ?? '', /49\.9 MB free in \/data, min_free_mb is 50/);
    const refused = await disk.room(1);
    assert.ok(!refused.ok && refused.rule === 'no-disk-space');
    bytes = 54 * MB;
    await clock.run(5_000);
    assert.match(disk.paused ?? '', /54 MB free/);
    bytes = 55 * MB;
    await clock.run(1_000);
    assert.equal(disk.paused, undefined);
    assert.ok((await disk.room(1)).ok);
    assert.deepEqual(told, ['paused', 'resumed']);
    assert.equal(disk.freeBytes, 55 * MB);
  });

  it('what waits in memory must fit beside the reserve; when it is written, blocks go on', async () => {
    const disk = guard();
    bytes = 100 * MB;
    unwritten = 51 * MB;
    await disk.look();
    assert.match(disk.paused ?? '', /100 MB free in \/data, min_free_mb is 50 and 51 MB wait to be written/);
    assert.equal(disk.mayWrite, true);
    unwritten = 0;
    bytes = 60 * MB;
    await disk.look();
    assert.equal(disk.paused, undefined);
    // Somebody else took the disk: writing would end the node.
    unwritten = 51 * MB;
    bytes = 51 * MB;
    await disk.look();
    assert.equal(disk.mayWrite, false);
  });

  it('looks again after a few megabytes of blocks, not at each block', async () => {
    const disk = guard();
    await disk.look();
    for (let i = 0; i < 40; i++) assert.ok((await disk.room(MB / 10)).ok);
    assert.equal(looks, 2);
    bytes = 0;
    let taken = 0;
    while ((await disk.room(MB)).ok) taken++;
    assert.ok(taken < 4, `${taken} MB taken on a full disk`);
  });

  it('with a small reserve looks sooner', async () => {
    const disk = guard(MB);
    await disk.look();
    bytes = MB / 2;
    assert.ok(!(await disk.room(MB / 8)).ok);
  });

  it('tells what a large write would lack beside the reserve and what waits', async () => {
    const disk = guard();
    unwritten = 10 * MB;
    assert.equal(await disk.lackFor(940 * MB), undefined);
    assert.match((await disk.lackFor(940 * MB + 1)) ?? '', /^1000 MB are free on the disk, 1000 MB would be needed$/);
    bytes = 500 * MB;
    assert.match((await disk.lackFor(900 * MB)) ?? '', /^500 MB are free on the disk, 960 MB would be needed$/);
    bytes = new Error('no such disk');
    assert.equal(await disk.lackFor(900 * MB), undefined);
  });

  it('before the first look, and when the timer does not run, it looks at once', async () => {
    bytes = 0;
    assert.ok(!(await guard().room(1)).ok);
  });

  it('a reserve of 0 never pauses', async () => {
    bytes = 0;
    const disk = guard(0);
    await clock.run(3_000);
    assert.ok((await disk.room(MB)).ok);
    assert.equal(disk.freeBytes, 0);
  });

  it('a disk that cannot be asked stays as it was: whoever writes will find out', async () => {
    const disk = guard();
    bytes = new Error('EIO');
    await disk.look();
    assert.ok((await disk.room(1)).ok);
    assert.equal(disk.freeBytes, undefined);
    bytes = 0;
    await disk.look();
    bytes = new Error('EIO');
    await disk.look();
    assert.ok(!(await disk.room(1)).ok);
  });

  it('free space is that of the scarcest folder; missing ones are passed over, none at all throws', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cairn-free-'));
    try {
      const { path, bytes: free } = await scarcest([join(dir, 'none'), dir]);
      assert.equal(path, dir);
      assert.ok(free > 0);
      await assert.rejects(scarcest([join(dir, 'none')]), { code: 'ENOENT' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
