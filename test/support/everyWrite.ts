import assert from 'node:assert/strict';
import { KEEP_BLOCKS } from '../../src/chain/pruning.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { BlockFs } from '../../src/store/blockFs.ts';
import { KvChainStore } from '../../src/store/chainStore.node.ts';
import { SummedKv } from '../../src/store/summedKv.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import type { Kv } from '../../src/util/ports.ts';
import { makeScript, type Step, type Truth, truthByTip, undoOf } from '../chain/crashScript.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain, type TestChain } from '../chain/setup.ts';
import { type Fault, FaultyDisk } from '../store/faultyDisk.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { SimClock } from './simClock.ts';

/** A dozen coins fill half of the cache, three go into one batch of a flush, and a few blocks fill a file. */
const SMALL = { cacheBytes: 2048, flushSlice: 3, maxFileBytes: 2000, txindex: true };
/** Between two steps: about every third commit is synced. */
const STEP_MS = 400;
/** Long enough that the script can prune at its beginning and at its end. */
const HEIGHT = KEEP_BLOCKS + 20;

interface Opened extends TestChain {
  readonly store: KvChainStore;
  readonly clock: SimClock;
  /** Failures of writes that nobody waited for. */
  readonly failures: unknown[];
}

/** Database and files as a process finds them. */
export interface Disk {
  readonly kv: Kv;
  readonly fs: BlockFs;
}

async function open({ kv, fs }: Disk): Promise<Opened> {
  const summed = new SummedKv(kv, { path: 'test' });
  const clock = new SimClock();
  const failures: unknown[] = [];
  const behind = { clock, timers: clock, fail: (error: unknown) => failures.push(error) };
  const lifetime = new Lifetime();
  try {
    const store = await KvChainStore.open({
      ...SMALL,
      kv: summed,
      fs,
      path: 'test',
      magic: regtest.magic,
      behind,
      lifetime,
    });
    const opened = await openChain(undefined, { store });
    return { ...opened, store, clock, failures };
  } catch (error) {
    await lifetime.close();
    throw error;
  }
}

/** In order, as a node does; what fails now failed before. */
async function close({ chain, store }: Pick<Opened, 'chain' | 'store'>): Promise<void> {
  await chain.close().catch(() => undefined);
  await store.close().catch(() => undefined);
}

/** The script, as one process sees it. Throws the first failure, after closing what can be closed. */
async function play(disk: Disk, steps: readonly Step[]): Promise<void> {
  const node = await open(disk);
  const { chain, store, clock, failures } = node;
  try {
    for (const [i, step] of steps.entries()) {
      if (step.headers !== undefined) await chain.acceptHeaders(step.headers);
      if (step.block !== undefined) await chain.acceptBlock(step.block, { requested: true });
      if (step.prune) await chain.prune({ upTo: Number.POSITIVE_INFINITY });
      // In the middle and at the end the timer flushes.
      await clock.run(i % 8 === 7 ? 301_000 : STEP_MS);
      if (failures.length > 0) throw failures[0];
    }
    await chain.close();
    await store.close();
  } catch (error) {
    await close(node);
    throw error;
  }
}

/** Everything that a node knows, checked against the truth. Returns the tip. */
async function checkAll(disk: Disk, truth: ReadonlyMap<string, Truth>, what: string): Promise<string> {
  const node = await open(disk);
  const { chain, store } = node;
  const tip = chain.tip();
  const coins = await coinsOf(store);
  assert.deepEqual(coins, truth.get(tip.header.id)?.coins, `${what}: coins at height ${tip.height}`);
  assert.equal(await store.coinCount(), coins.length, `${what}: coin count`);
  const lowest = chain.prunedBelow() ?? 1;
  for (let height = 1; height <= tip.height; height++) {
    const entry = chain.atHeight(height);
    assert.ok(entry);
    const body = await chain.readBlock(entry);
    const undo = await undoOf(chain, entry);
    if (height >= lowest) assert.ok(body !== undefined && undo !== undefined, `${what}: block ${height} is there`);
    if (body !== undefined) assert.equal(body.header.id, entry.header.id, `${what}: body ${height}`);
    if (undo !== undefined)
      assert.deepEqual(undo, truth.get(entry.header.id)?.undo ?? [], `${what}: undo record ${height}`);
  }
  await close(node);
  return tip.header.id;
}

/** A script over a base, and what is true after it. */
export class EveryWrite {
  readonly #steps: readonly Step[];
  readonly #blocks: readonly Block[];
  readonly #base: MemoryDisk;
  readonly #truth: ReadonlyMap<string, Truth>;
  readonly #end: string;

  private constructor(
    { base: blocks, steps }: { readonly base: readonly Block[]; readonly steps: readonly Step[] },
    base: MemoryDisk,
    truth: ReadonlyMap<string, Truth>,
    end: string,
  ) {
    this.#steps = steps;
    this.#blocks = blocks;
    this.#base = base;
    this.#truth = truth;
    this.#end = end;
  }

  /** Plays the script where nothing goes wrong: the twin. */
  static async prepare(): Promise<EveryWrite> {
    const script = makeScript(HEIGHT);
    const steps: Step[] = [...script.steps.slice(0, 4), { prune: true }, ...script.steps.slice(4), { prune: true }];
    const base = new MemoryDisk();
    const node = await open(base);
    await acceptAll(node.chain, script.base);
    await close(node);
    const truth = await truthByTip(base, script.steps);
    const twin = await base.clone();
    await play(twin, steps);
    const end = await checkAll(twin, truth, 'the twin');
    return new EveryWrite({ base: script.base, steps }, base, truth, end);
  }

  /** The disk before the script, in memory. */
  async start(): Promise<MemoryDisk> {
    return await this.#base.clone();
  }

  /** Brings an empty disk to where the script starts. */
  async fill(disk: Disk): Promise<void> {
    const node = await open(disk);
    await acceptAll(node.chain, this.#blocks);
    await close(node);
  }

  /**
   * Lets write `n` of the script go wrong; then the disk as `reopen` gives it holds a state that the twin had, and the script
   * can be finished. False when the script has fewer writes.
   */
  async at(n: number, fault: Fault, disk: Disk, reopen: () => Promise<Disk>): Promise<boolean> {
    const what = `write ${n} ${fault}`;
    const faulty = new FaultyDisk(disk.kv, disk.fs);
    faulty.failAt(n, fault);
    const failure = await play(faulty, this.#steps).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!faulty.failed) {
      assert.equal(failure, undefined);
      return false;
    }
    // Nothing but what the disk said: no contradiction of our own.
    for (let at = failure; at !== undefined; at = (at as Error).cause)
      assert.match(`${(at as Error).name}`, /^(DiskFault|HaltedError|StoreError)$/, `${what}: ${String(failure)}`);
    await checkAll(await reopen(), this.#truth, what);
    await play(await reopen(), this.#steps);
    const end = await checkAll(await reopen(), this.#truth, `${what}, after the rest`);
    assert.equal(end, this.#end, `${what}: the tip after the rest of the script`);
    return true;
  }
}
