import assert from 'node:assert/strict';
import { HaltedError } from '../../src/chain/halt.ts';
import type { KvChainStore } from '../../src/store/chainStore.node.ts';
import type { WriteBehind } from '../../src/store/durableWrites.ts';
import { FLUSHING_KEY } from '../../src/store/schema.ts';
import { makeScript, type Step, type Truth, truthByTip } from '../chain/crashScript.ts';
import { acceptAll, coinsOf, openChain, openStore } from '../chain/setup.ts';
import { Crash, type CrashMode, MemoryDisk } from '../store/memoryDisk.ts';
import { SimClock } from './simClock.ts';

/** A dozen coins fill half of the cache, and three go into one batch of a flush. */
export const SMALL = { cacheBytes: 2048, flushSlice: 3, flushAhead: 0 };
/** Simulated time between two steps: about every third commit is synced, and the timer flushes now and then. */
const STEP_MS = 400;

interface Play {
  readonly store: KvChainStore;
  readonly chain: Awaited<ReturnType<typeof openChain>>['chain'];
  readonly clock: SimClock;
  readonly failures: unknown[];
}

export async function openBehind(disk: MemoryDisk, more: Pick<WriteBehind, 'mayFlush'> = {}): Promise<Play> {
  const clock = new SimClock();
  const failures: unknown[] = [];
  const behind = { clock, timers: clock, fail: (error: unknown) => failures.push(error), ...more };
  const store = await openStore(disk, { ...SMALL, behind });
  const { chain } = await openChain(disk, { store });
  return { store, chain, clock, failures };
}

/** Accepts the blocks as time passes; flushes twice in the middle, once ahead of a walk over the coins, and at the end. */
async function play(disk: MemoryDisk, steps: readonly Step[]): Promise<void> {
  const { store, chain, clock, failures } = await openBehind(disk);
  for (const [i, step] of steps.entries()) {
    if (step.headers !== undefined) await chain.acceptHeaders(step.headers);
    if (step.block !== undefined) await chain.acceptBlock(step.block);
    if (i === 4) await (await chain.coinsAtTip()).coins.return?.();
    await clock.run(i === 7 ? 301_000 : STEP_MS);
  }
  await chain.close();
  await store.close();
  if (failures.length > 0) throw failures[0];
}

/** Tip, coins and count as a restart finds them, and the tip the coins were flushed for. */
export async function stateOf(disk: MemoryDisk) {
  const store = await openStore(disk, SMALL);
  const flushed = (await store.interruptedFlush())?.to ?? (await store.tip());
  const { chain } = await openChain(disk, { store });
  const coins = await coinsOf(store);
  assert.equal(await store.coinCount(), coins.length);
  return { tip: chain.tip().header.id, coins, flushed };
}

const MODES = ['nothing', 'torn', 'all'] as const satisfies readonly CrashMode[];
const HOWS = ['kill', 'power cut', 'power cut that spares some'] as const;
/** Of the products of both, those that are tried when it must be quick. */
const FEW: Readonly<Record<(typeof MODES)[number], (typeof HOWS)[number] | undefined>> = {
  nothing: 'power cut that spares some',
  torn: 'kill',
  all: undefined,
};

/** `thorough`: every way to crash at every write with every end; otherwise two of the nine. */
export function describeFlushCrashes(thorough: boolean): void {
  describe('chain: crash at every write while coins are flushed behind it', () => {
    const { base, steps } = makeScript();
    let start: MemoryDisk;
    let states: Map<string, Truth>;
    let end: Awaited<ReturnType<typeof stateOf>>;

    before(async function () {
      this.timeout(30_000);
      start = new MemoryDisk();
      const { chain, store } = await openBehind(start);
      await acceptAll(chain, base);
      await store.close();
      states = await truthByTip(start, steps);
      const twin = await start.clone();
      await play(twin, steps);
      end = await stateOf(twin);
      assert.deepEqual(end.coins, states.get(end.tip)?.coins);
    });

    for (const mode of MODES)
      for (const how of HOWS.filter((end) => thorough || FEW[mode] === end))
        it(`a write that leaves ${mode}, then a ${how}: coins of the tip, and the script can be finished`, async function () {
          this.timeout(120_000);
          let crashes = 0;
          let interrupted = 0;
          for (let n = 1; ; n++) {
            const disk = await start.clone();
            disk.crashAfter(n, mode);
            const outcome = await play(disk, steps).then(
              () => 'finished',
              (error: unknown) => error,
            );
            if (outcome === 'finished') break;
            crashes++;
            assert.ok(outcome instanceof Crash || outcome instanceof HaltedError, String(outcome));
            if (how === 'kill') await disk.restart('kill');
            else await disk.restart('power cut', how === 'power cut' ? undefined : n);
            if ((await disk.kv.get(FLUSHING_KEY)) !== undefined) interrupted++;
            const found = await stateOf(disk);
            assert.deepEqual(found.coins, states.get(found.tip)?.coins, `write ${n}: coins at tip ${found.tip}`);
            await play(disk, steps);
            const { tip, coins } = await stateOf(disk);
            assert.deepEqual(
              { tip, coins },
              { tip: end.tip, coins: end.coins },
              `write ${n}: after the rest of the script`,
            );
          }
          assert.ok(crashes > 60, `only ${crashes} writes`);
          assert.ok(interrupted > 5, `only ${interrupted} crashes in the middle of a flush`);
        });

    it('crashed again at every write of the opening that finishes a flush, it is finished at the next one', async function () {
      this.timeout(60_000);
      // The first crash that leaves a marker.
      let torn: MemoryDisk | undefined;
      for (let n = 1; torn === undefined; n++) {
        const disk = await start.clone();
        disk.crashAfter(n, 'nothing');
        await play(disk, steps).catch(() => undefined);
        await disk.restart('power cut', n);
        if ((await disk.kv.get(FLUSHING_KEY)) !== undefined) torn = disk;
      }
      for (let n = 1; ; n++) {
        const disk = await torn.clone();
        disk.crashAfter(n, 'torn');
        const crashed = await openBehind(disk).then(
          () => false,
          () => true,
        );
        if (!crashed) {
          assert.ok(n > 3);
          break;
        }
        await disk.restart('power cut', n);
        const found = await stateOf(disk);
        assert.deepEqual(found.coins, states.get(found.tip)?.coins, `write ${n}`);
      }
    });
  });
}
