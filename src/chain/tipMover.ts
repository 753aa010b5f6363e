import type { Judge } from '../consensus/engine.ts';
import { reverseDiff } from '../ledger/utxoDiff.ts';
import type { Network } from '../params/network.ts';
import { type Block, decodeSealedBlock } from '../primitives/block.ts';
import { type Broken, type Check, PASSED } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';
import type { Emitter } from '../util/events.ts';
import type { Candidates } from './candidates.ts';
import type { ChainEvents } from './events.ts';
import { type HaltSwitch, StoredChainError } from './halt.ts';
import { forkOf, type HeaderIndex, type IndexEntry } from './headerIndex.ts';
import { diffOfConnected, judgeConnect } from './judgeBlock.ts';
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
  /** Invalid entries appeared or vanished: the best header may be another. */
  readonly refreshBest: () => void;
}

/**
 * Moves the tip, one block and one commit at a time. Side effects of a step, in order, and what a crash after each leaves:
 *   1. undo bytes appended: ignored at the next open;
 *   2. commit (headers, coins, tip, index): the new tip; a reorganisation half done is finished at the next open;
 *   3. memory; 4. events: both are made anew from disk.
 * Used by chainManager only, which runs one call at a time.
 */
export class TipMover {
  readonly #parts: TipMoverParts;
  readonly #active: IndexEntry[];
  #commits = 0;
  /** Connects and disconnects so far. */
  #steps = 0;
  #stopping = false;
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

  /** Odd while a commit runs; differs whenever one ran in between. */
  get commitCounter(): number {
    return this.#commits;
  }

  /** Activation ends after the step under way. */
  stop(): void {
    this.#stopping = true;
  }

  /**
   * Runs `work` (steps below), then moves to the best candidate, then tells that the tip moved. Memory and disk agree after
   * every step, also when one throws.
   */
  async activate(work: () => Promise<void> = async () => {}): Promise<void> {
    const previous = this.tip;
    const before = this.#steps;
    this.#faults.clear();
    try {
      await work();
      while (!this.#stopping && (await this.#stepTowardsBest()));
    } finally {
      if (this.#steps !== before && this.#parts.halt.halted === undefined)
        this.tell('tip', { entry: this.tip, previous });
    }
  }

  /**
   * Connects `entry`, a child of the tip. `block` and `change` are given for a block that came just now: its body is
   * written but not committed. A broken rule leaves the tip and marks the entry.
   */
  async connect(entry: IndexEntry, given?: { readonly block: Block; readonly change: EntryChange }): Promise<Check> {
    const { store, network, judge } = this.#parts;
    const parent = this.tip;
    assert(entry.parent === parent, 'only a child of the tip can be connected');
    const block = given?.block ?? (await this.readBlock(entry));
    // Connected before: the coins were behind the headers after a crash, or a reorganisation left it.
    const known = entry.status === 'valid' ? entry.undo : undefined;
    const verdict = await judgeConnect(block, parent, network.consensus, this.#parts, known !== undefined);
    if (!verdict.ok) {
      if (known !== undefined)
        throw new StoredChainError(`block ${entry.header.id} was valid and is not any more: ${verdict.detail}`);
      // The body is known to belong to its header: whatever else is wrong is the block's fault for good.
      this.#faults.set(entry, verdict);
      await this.markInvalid(entry);
      return verdict;
    }
    const diff = verdict.value;
    const undo = known ?? (await store.appendUndo(diff.spent));
    const change: EntryChange = { ...given?.change, status: 'valid', undo };
    const { hash } = entry.header;
    await this.commit({
      headers: [toStored(entry, judge, change)],
      tip: hash,
      coins: diff,
      connect: { block: hash, height: entry.height, txs: block.txs },
    });
    applyChange(entry, change);
    this.#active.push(entry);
    this.#steps++;
    if (entry.arrival === 0) this.#parts.candidates.link(entry, entry);
    this.tell('connected', { entry, block, diff });
    return PASSED;
  }

  /** What the last activation found wrong with `entry`'s branch, undefined when nothing. */
  faultOf(entry: IndexEntry): Broken | undefined {
    for (let at: IndexEntry | undefined = entry; at !== undefined && !this.isActive(at); at = at.parent) {
      const fault = this.#faults.get(at);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Takes the tip back to its parent. */
  async disconnect(): Promise<void> {
    const entry = this.tip;
    const { parent, undo } = entry;
    assert(parent !== undefined && undo !== undefined, 'a tip above genesis has undo data');
    const block = await this.readBlock(entry);
    const diff = diffOfConnected(block, entry.height, await this.#parts.store.readUndo(undo));
    await this.commit({
      headers: [],
      tip: parent.header.hash,
      coins: reverseDiff(diff),
      disconnect: { block: entry.header.hash, height: entry.height, txs: block.txs },
    });
    this.#active.pop();
    this.#steps++;
    this.tell('disconnected', { entry, block });
  }

  /** Writes the index entries of all active blocks from `height` on. */
  async indexAgain(height: number): Promise<void> {
    for (const entry of this.#active.slice(height)) {
      const { txs } = await this.readBlock(entry);
      await this.commit({ headers: [], connect: { block: entry.header.hash, height: entry.height, txs } });
    }
  }

  /** Marks `entry` and all its descendants for good, on disk first. It must not be active. */
  async markInvalid(entry: IndexEntry): Promise<void> {
    const { judge, index, candidates } = this.#parts;
    assert(!this.isActive(entry), 'an active block is disconnected before it is marked');
    const descendants = index.descendants(entry).filter((d) => d.status !== 'invalid');
    await this.commit({
      headers: [
        toStored(entry, judge, { status: 'invalid' }),
        ...descendants.map((d) => toStored(d, judge, { status: 'invalid-ancestor' })),
      ],
    });
    entry.status = 'invalid';
    for (const d of descendants) d.status = 'invalid-ancestor';
    candidates.unlink([entry, ...descendants]);
    candidates.rebuild(this.tip);
    this.#parts.refreshBest();
  }

  /** One atomic change of the disk. When it fails the chain halts: nobody knows what was written. */
  async commit(change: ChainCommit): Promise<void> {
    this.#commits++;
    try {
      await this.#parts.halt.guard(() => this.#parts.store.commit(change));
    } finally {
      this.#commits++;
    }
  }

  /** The body on disk. Throws when it is missing or damaged: our failure. */
  async readBlock(entry: IndexEntry): Promise<Block> {
    assert(entry.body !== undefined, `block ${entry.header.id} has no body`);
    const block = decodeSealedBlock(await this.#parts.store.readBody(entry.body));
    if (block.header.key !== entry.header.key)
      throw new StoredChainError(`the body on disk is not that of block ${entry.header.id}`);
    return block;
  }

  tell<K extends keyof ChainEvents>(name: K, value: ChainEvents[K]): void {
    this.#parts.halt.tell(this.#parts.events, name, value);
  }

  /** False when the tip is the best already. */
  async #stepTowardsBest(): Promise<boolean> {
    const { candidates } = this.#parts;
    const tip = this.tip;
    const target = candidates.best(tip);
    if (target === tip) return false;
    if (forkOf(tip, target) !== tip) {
      // The target stays a candidate; the others matter only when it fails, and then all are looked at again.
      await this.disconnect();
    } else {
      await this.connect(target.ancestor(tip.height + 1) as IndexEntry);
    }
    return true;
  }
}
