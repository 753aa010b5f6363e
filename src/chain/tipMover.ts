import type { Judge } from '../consensus/engine.ts';
import { reverseDiff } from '../ledger/utxoDiff.ts';
import type { Network } from '../params/network.ts';
import { type Block, decodingSealedBlock } from '../primitives/block.ts';
import { type Broken, broken, type Check, PASSED } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';
import type { Emitter } from '../util/events.ts';
import { type Pause, walkSteps } from '../util/steps.ts';
import { type BlockAhead, coinsAfter } from './blockAhead.ts';
import type { Candidates } from './candidates.ts';
import { ReadForBlock } from './coinsInDoubt.ts';
import type { ChainEvents } from './events.ts';
import { type HaltSwitch, StoredChainError } from './halt.ts';
import type { HeaderIndex, IndexEntry } from './headerIndex.ts';
import { findingDiffOfConnected, judgeCoins } from './judgeBlock.ts';
import type { ChainCommit, ChainStore, ScriptChecker } from './ports.ts';
import { applyChange, type EntryChange, toStored } from './storedEntry.ts';

export interface TipMoverParts {
  readonly network: Pick<Network, 'consensus'>;
  readonly judge: Judge<unknown>;
  readonly store: ChainStore;
  readonly scripts: ScriptChecker;
  readonly halt: HaltSwitch;
  readonly index: HeaderIndex;
  readonly candidates: Candidates;
  readonly events: Emitter<ChainEvents>;
  /** As HeaderChainParts.pause. */
  readonly pause?: Pause;
  /** Need the scripts of this block not be run? */
  readonly assumedValid: (entry: IndexEntry) => boolean;
  /** Invalid entries appeared or vanished: the best header may be another. */
  readonly refreshBest: () => void;
}

const PASSED_NOW: Promise<Check> = Promise.resolve(PASSED);

/** A block that came just now: its body is written but not committed. */
export interface GivenBlock {
  readonly block: Block;
  readonly change: EntryChange;
}

/** What was found wrong with a block itself once it is settled: the tip, or marked. Rejects when the failure was ours. */
export interface Connecting {
  readonly verdict: Promise<Check>;
  /** Ends, one way or the other, when it can be settled without waiting. Never rejects. */
  readonly ready: Promise<unknown>;
}

/**
 * Moves the tip, one block and one commit at a time. Side effects of a step, in order, and what a crash after each leaves:
 *   1. undo bytes appended: ignored at the next open;
 *   2. commit (headers, coins, tip, index): the new tip; a reorganisation half done is finished at the next open;
 *   3. memory; 4. events: both are made anew from disk.
 * While the scripts of one block run, the coins of the next may be judged: the former is `ahead` of the tip, and nothing of
 * it is committed before its scripts have passed. Used by chainManager only, which runs one call at a time.
 */
export class TipMover {
  readonly #parts: TipMoverParts;
  readonly #active: IndexEntry[];
  #commits = 0;
  /** Connects and disconnects so far. */
  #steps = 0;
  #stopping = false;
  #ahead: BlockAhead | undefined;
  /** Blocks refused in the activation under way, or the last one. */
  readonly #faults = new Map<IndexEntry, Broken>();

  /** `active`: genesis … tip. */
  constructor(parts: TipMoverParts, active: IndexEntry[]) {
    this.#parts = parts;
    this.#active = active;
  }

  get tip(): IndexEntry {
    return this.#active[this.#active.length - 1] as IndexEntry;
  }

  atHeight(height: number): IndexEntry | undefined {
    return this.#active[height];
  }

  isActive(entry: IndexEntry): boolean {
    return this.#active[entry.height] === entry;
  }

  /** Genesis … tip. */
  get active(): readonly IndexEntry[] {
    return this.#active;
  }

  /** The coins on disk are those after `entry`, a descendant of the tip: it is the tip. A step of `activate`. */
  jump(entry: IndexEntry): void {
    assert(this.#ahead === undefined && entry.ancestor(this.tip.height) === this.tip, 'a jump leads upwards');
    const before = this.#active.length;
    for (let at = entry; at.height >= before; at = at.parent as IndexEntry) this.#active[at.height] = at;
    this.#steps++;
  }

  /** Odd while a commit runs; differs whenever one ran in between. */
  get commitCounter(): number {
    return this.#commits;
  }

  /** Activation ends after the step under way. */
  stop(): void {
    this.#stopping = true;
  }

  /**
   * Settles the block ahead, runs `work` (steps below), then moves to the best candidate, then tells that the tip moved.
   * Memory and disk agree after every step, also when one throws.
   */
  activate(work: () => Promise<void> = async () => {}): Promise<void> {
    return this.#telling(async () => {
      await this.settle();
      await work();
      await this.#moveToBest();
    });
  }

  /** As activate, for an entry that was ahead and is ready; when another is ahead by now, its own turn comes. */
  async finish(entry: IndexEntry): Promise<void> {
    if (this.#ahead === undefined || this.#ahead.entry === entry) await this.activate();
  }

  /** What a new block may stand on without a reorganisation: the block ahead, or the tip. */
  get frontier(): IndexEntry {
    return this.#ahead?.entry ?? this.tip;
  }

  /** Begins to connect a child of the frontier, and leaves it ahead: whoever moves the tip next settles it. */
  async extend(entry: IndexEntry, given: GivenBlock): Promise<Connecting> {
    let connecting: Connecting | undefined;
    await this.#telling(async () => {
      connecting = await this.#begin(entry, given);
    });
    return connecting as Connecting;
  }

  /** Waits for the scripts of the block ahead, and makes it the tip or marks it. */
  async settle(): Promise<void> {
    const ahead = this.#ahead;
    if (ahead === undefined) return;
    this.#ahead = undefined;
    try {
      const verdict = await ahead.scripts;
      if (verdict.ok) await this.#commitConnected(ahead);
      else await this.#refuse(ahead.entry, verdict);
      ahead.settled(verdict);
    } catch (error) {
      ahead.failed(error);
      throw error;
    }
  }

  /** Gives the block ahead up: the chain is halted or closed. */
  dropAhead(error: unknown): void {
    this.#ahead?.failed(error);
    this.#ahead = undefined;
  }

  /**
   * Judges the coins of `entry`, starts its scripts, then settles the block before it. A coin rule broken marks it now.
   * Scripts that passed before depend on nothing but the block and its ancestors, and are not run again.
   */
  async #begin(entry: IndexEntry, given?: GivenBlock): Promise<Connecting> {
    const { network, store, scripts, pause, halt } = this.#parts;
    const before = this.#ahead;
    const parent = this.frontier;
    assert(entry.parent === parent, 'only a child of the frontier can be connected');
    const block = given?.block ?? (await this.readBlock(entry));
    const stored = new ReadForBlock(store.coins.bind(store));
    const read =
      before === undefined ? stored.read : coinsAfter(before.entry.header.hash, before.diff, stored.read, pause);
    const judged = await judgeCoins(block, parent, network.consensus, read, pause);
    if (!judged.ok) await halt.guard(() => stored.confirm(judged, store));
    const passedBefore = entry.status === 'valid';
    if (passedBefore && !judged.ok)
      throw new StoredChainError(`block ${entry.header.id} was valid and is not any more: ${judged.detail}`);
    const skipped = passedBefore || this.#parts.assumedValid(entry);
    const running = !judged.ok || skipped ? PASSED_NOW : scripts.check(judged.value.scriptJobs);
    // Told through `verdict`; until somebody listens there, a failure is no unhandled one.
    running.catch(() => undefined);
    await this.settle();
    if (this.tip !== parent) {
      assert(entry.isInvalid, 'a block falls with the one it stands on');
      return settledNow(PASSED);
    }
    if (!judged.ok) {
      await this.#refuse(entry, judged);
      return settledNow(judged);
    }
    const verdict = new Promise<Check>((settled, failed) => {
      const { diff } = judged.value;
      this.#ahead = { entry, block, diff, change: given?.change, scripts: running, settled, failed };
    });
    verdict.catch(() => undefined);
    return { verdict, ready: running.catch(() => undefined) };
  }

  async #commitConnected({ entry, block, diff, change: given }: BlockAhead): Promise<void> {
    const { store, judge } = this.#parts;
    // Connected before: the coins were behind the headers after a crash, or a reorganisation left it.
    const undo = entry.status === 'valid' && entry.undo !== undefined ? entry.undo : await store.appendUndo(diff.spent);
    const change: EntryChange = { ...given, status: 'valid', undo };
    const { hash } = entry.header;
    await this.commit({
      headers: [toStored(entry, judge, change)],
      tip: hash,
      coins: diff,
    });
    applyChange(entry, change);
    this.#active.push(entry);
    this.#steps++;
    if (entry.arrival === 0) this.#parts.candidates.link(entry, entry);
    this.tell('connected', { entry, block, diff });
  }

  /** Why an invalid block is not taken: its own fault as it is, wherever in a reorganisation it was found; or its branch's. */
  refusalOf(entry: IndexEntry): Broken {
    const fault = this.#faultOf(entry);
    if (fault !== undefined && entry.status === 'invalid') return fault;
    const why = fault === undefined ? entry.status : `${entry.status}: ${fault.rule}: ${fault.detail}`;
    return broken('bad-prevblk', `block ${entry.header.id} is ${why}`);
  }

  /** What the last activation found wrong with `entry`'s branch, undefined when nothing. */
  #faultOf(entry: IndexEntry): Broken | undefined {
    for (let at: IndexEntry | undefined = entry; at !== undefined && !this.isActive(at); at = at.parent) {
      const fault = this.#faults.get(at);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Takes the tip back to its parent. */
  async disconnect(): Promise<void> {
    assert(this.#ahead === undefined, 'no block is ahead when the tip goes back');
    const entry = this.tip;
    const { parent, undo } = entry;
    assert(parent !== undefined && undo !== undefined, 'a tip above genesis has undo data');
    const block = await this.readBlock(entry);
    const { store, pause } = this.#parts;
    const diff = await walkSteps(findingDiffOfConnected(block, entry.height, await store.readUndo(undo)), pause);
    await this.commit({
      headers: [],
      tip: parent.header.hash,
      coins: reverseDiff(diff),
    });
    this.#active.pop();
    this.#steps++;
    this.tell('disconnected', { entry, block });
  }

  /** Marks `entry` and all its descendants for good, on disk first. It must not be active. */
  async markInvalid(entry: IndexEntry): Promise<void> {
    const { judge, index, candidates } = this.#parts;
    assert(!this.isActive(entry), 'an active block is disconnected before it is marked');
    const below = (): IndexEntry[] => index.descendants(entry).filter((d) => d.status !== 'invalid');
    await this.commit({
      headers: [
        toStored(entry, judge, { status: 'invalid' }),
        ...below().map((d) => toStored(d, judge, { status: 'invalid-ancestor' })),
      ],
    });
    entry.status = 'invalid';
    // Again: a header may have come meanwhile.
    const descendants = below();
    for (const d of descendants) d.status = 'invalid-ancestor';
    candidates.unlink([entry, ...descendants]);
    candidates.rebuild(this.tip);
    this.#parts.refreshBest();
  }

  /** One atomic change of the disk. */
  commit(change: ChainCommit): Promise<void> {
    return this.writing(() => this.#parts.store.commit(change));
  }

  /** A change of the disk during which no coins are read. When it fails the chain halts: nobody knows what was written. */
  async writing(write: () => Promise<void>): Promise<void> {
    this.#commits++;
    try {
      await this.#parts.halt.guard(write);
    } finally {
      this.#commits++;
    }
  }

  /** The body on disk. Throws when it is missing or damaged: our failure. */
  async readBlock(entry: IndexEntry): Promise<Block> {
    assert(entry.body !== undefined, `block ${entry.header.id} has no body`);
    const { store, pause } = this.#parts;
    const block = await walkSteps(decodingSealedBlock(await store.readBody(entry.body)), pause);
    if (block.header.key !== entry.header.key)
      throw new StoredChainError(`the body on disk is not that of block ${entry.header.id}`);
    return block;
  }

  tell<K extends keyof ChainEvents>(name: K, value: ChainEvents[K]): void {
    this.#parts.halt.tell(this.#parts.events, name, value);
  }

  /** Runs `steps`; tells at the end, also when one throws, that the tip moved. */
  async #telling(steps: () => Promise<void>): Promise<void> {
    const previous = this.tip;
    const before = this.#steps;
    this.#faults.clear();
    try {
      await steps();
    } finally {
      if (this.#steps !== before && this.#parts.halt.halted === undefined)
        this.tell('tip', { entry: this.tip, previous });
    }
  }

  async #moveToBest(): Promise<void> {
    while (!this.#stopping && (await this.#stepTowardsBest()));
    await this.settle();
  }

  /** False when the tip is the best already. */
  async #stepTowardsBest(): Promise<boolean> {
    const { tip, frontier } = this;
    const target = this.#parts.candidates.best(tip);
    if (target.ancestor(frontier.height) === frontier && target !== frontier) {
      await this.#begin(target.ancestor(frontier.height + 1) as IndexEntry);
    } else if (frontier !== tip) {
      await this.settle();
    } else if (target === tip) {
      return false;
    } else {
      // The target stays a candidate; the others matter only when it fails, and then all are looked at again.
      await this.disconnect();
    }
    return true;
  }

  /** Once a body is known to belong to its header, whatever else is wrong is the block's fault for good. */
  async #refuse(entry: IndexEntry, verdict: Broken): Promise<void> {
    this.#faults.set(entry, verdict);
    await this.markInvalid(entry);
  }
}

function settledNow(verdict: Check): Connecting {
  return { verdict: Promise.resolve(verdict), ready: Promise.resolve() };
}
