import assert from 'node:assert/strict';
import { HaltedError } from '../../src/chain/halt.ts';
import type { PastOutcome } from '../../src/chain/pastValidation.ts';
import { Crash, MemoryDisk } from '../store/memoryDisk.ts';
import { SimClock } from '../support/simClock.ts';
import { acceptAll, coinsOf, openChain, openStore, type TestChain } from './setup.ts';
import { load, newNode, openPast, type Story, tellStory, validate } from './snapshotStory.ts';

/** A chain on a disk that holds a loaded snapshot, as the next process opens it; commits wait for their sync. */
export async function reopen(disk: MemoryDisk): Promise<TestChain> {
  const clock = new SimClock();
  const fail = (error: unknown): void => assert.ok(error instanceof Crash, String(error));
  return openChain(disk, { store: await openStore(disk, { behind: { clock, timers: clock, fail } }) });
}

/** The disk of a node that has loaded the snapshot, and all bodies below. */
export async function loadedDisk(story: Story): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const node = await newNode(story, disk);
  await load(node, story);
  await acceptAll(node.chain, story.blocks);
  await node.store.flush();
  return disk;
}

/** The disk holds a chain that began at genesis, with the coins of the story's end. */
export async function assertTrue(disk: MemoryDisk, story: Story, what: string): Promise<void> {
  const { chain, store } = await openChain(disk);
  assert.equal(chain.snapshot.base, undefined, what);
  assert.deepEqual(await coinsOf(store), story.last, what);
}

/** Goes on with the past until it is judged, beginning again when the coins cannot be used. */
async function toTheEnd(disk: MemoryDisk, past: MemoryDisk): Promise<{ outcome: PastOutcome; again: number }> {
  const node = await reopen(disk);
  if (node.chain.snapshot.base === undefined) return { outcome: 'judged', again: 0 };
  const opened = await openPast(node, past);
  if (opened !== undefined) return { outcome: await opened.run(), again: 0 };
  return { outcome: await (await validate(node, new MemoryDisk())).run(), again: 1 };
}

/** `thorough`: every write is the last one once; otherwise some of each kind, others in each mode. */
export function describePastCrashes(thorough: boolean): void {
  describe('chain: the past of a snapshot is validated over crashes', function () {
    this.timeout(thorough ? 3_600_000 : 60_000);
    let story: Story;
    let loaded: MemoryDisk;
    before(async () => {
      story = await tellStory();
      loaded = await loadedDisk(story);
    });

    for (const how of ['kill', 'power cut'] as const)
      for (const which of ['chain', 'past'] as const)
        it(`a true snapshot is found true after a ${how} at ${thorough ? 'every write' : 'writes'} to the disk of the ${which}`, async () => {
          const step = thorough ? 1 : which === 'chain' ? 11 : 4;
          let crashes = 0;
          for (const [first, mode] of [
            [1, 'all'],
            [thorough ? 1 : 2, 'nothing'],
          ] as const)
            for (let n = first; ; n += step) {
              const what = `write ${n} ${mode}`;
              const disk = await loaded.clone();
              const past = new MemoryDisk();
              const node = await reopen(disk);
              (which === 'chain' ? disk : past).crashAfter(n, mode);
              const ended = await openPast(node, past)
                .then((opened) => opened?.run())
                .catch((error: unknown) => {
                  assert.ok(error instanceof Crash || error instanceof HaltedError, `${what}: ${String(error)}`);
                  return 'crashed';
                });
              if (ended !== 'crashed') break;
              crashes++;
              // Of what was not synced any part may be left.
              await disk.restart(how, n);
              await past.restart(how, n + 1);
              assert.deepEqual(await toTheEnd(disk, past), { outcome: 'judged', again: 0 }, what);
              await assertTrue(disk, story, what);
            }
          assert.ok(crashes > (thorough ? 150 : 20), `only ${crashes} crashes`);
        });
  });
}
