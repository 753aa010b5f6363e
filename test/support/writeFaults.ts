import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '../store/faultyDisk.ts';
import { EveryWrite } from './everyWrite.ts';
import { RealDisk } from './realDisk.ts';

const FAULTS = ['refused', 'torn', 'answer lost', 'full', 'gone'] as const satisfies readonly Fault[];

/**
 * `thorough`: every fault at every write, in memory and on LevelDB and files. Otherwise each write meets one of the faults in
 * memory, and every seventh one on the real thing.
 */
export function describeWriteFaults(thorough: boolean): void {
  describe('chain: every write of a script with reorganisations, flushes and pruning goes wrong', function () {
    this.timeout(thorough ? 3_600_000 : 120_000);
    const promise = 'coins, undo data and index are those of a twin, and the script can be finished';
    const faultsAt = (n: number): readonly Fault[] => (thorough ? FAULTS : [FAULTS[n % FAULTS.length] as Fault]);
    let script: EveryWrite;
    before(async () => {
      script = await EveryWrite.prepare();
    });

    for (const how of ['kill', 'power cut'] as const)
      it(`then a ${how}: ${promise}`, async () => {
        let goes = true;
        let n = 0;
        while (goes) {
          n++;
          // Another fault at the same write after the other end.
          for (const fault of faultsAt(how === 'kill' ? n : n + 2)) {
            const disk = await script.start();
            const reopen = async () => {
              await disk.restart(how, n);
              return disk;
            };
            goes = await script.at(n, fault, disk, reopen);
          }
        }
        assert.ok(n > 80, `only ${n} writes`);
      });

    it(`the same on LevelDB and real files: ${promise}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'cairn-test-'));
      try {
        const base = new RealDisk(join(dir, 'base'));
        await script.fill(await base.reopen());
        await base.close();
        let goes = true;
        for (let n = 1; goes; n += thorough ? 1 : 7) {
          for (const fault of faultsAt(n)) {
            const disk = base.copyTo(join(dir, `${n}`));
            goes = await script.at(n, fault, await disk.reopen(), () => disk.reopen());
            await disk.close();
            disk.remove();
          }
        }
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  });
}
