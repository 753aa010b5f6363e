import type { Judge } from '../consensus/engine.ts';
import type { Network } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import { broken, type Check, PASSED } from '../primitives/rules.ts';
import { contextAfter, HeaderIndex, IndexEntry } from './headerIndex.ts';
import { judgeBody } from './judgeBlock.ts';
import type { FilePosition, HeaderStore } from './ports.ts';
import { applyChange, fromStored, toStored } from './storedEntry.ts';

/** Headers written at once. */
const CHUNK = 1000;

export interface IndexBuilderParts {
  readonly network: Network;
  readonly judge: Judge<unknown>;
  readonly store: HeaderStore;
  readonly nowMs: number;
}

/**
 * Makes the header index anew from bodies that lie in files: every header through the judge, every body against its header.
 * Bodies are marked as stored, never as valid: whoever opens the chain connects them by all rules.
 */
export class IndexBuilder {
  readonly #parts: IndexBuilderParts;
  readonly #index: HeaderIndex;
  #sequence: number;
  #written: IndexEntry[] = [];

  private constructor(parts: IndexBuilderParts, index: HeaderIndex, sequence: number) {
    this.#parts = parts;
    this.#index = index;
    this.#sequence = sequence;
  }

  /** Goes on with the headers that an interrupted run has left. */
  static async open(parts: IndexBuilderParts): Promise<IndexBuilder> {
    const { network, judge, store } = parts;
    const genesis = new IndexEntry(network.genesis, undefined, judge.genesis(), 0);
    let index = new HeaderIndex(genesis);
    let sequence = 1;
    for await (const stored of store.loadHeaders()) {
      sequence = Math.max(sequence, stored.sequence + 1);
      const parent = stored.height === 0 ? undefined : index.get(stored.header80.subarray(4, 36));
      const entry = fromStored(stored, parent, judge);
      if (stored.height === 0) index = new HeaderIndex(entry);
      else index.add(entry);
    }
    const builder = new IndexBuilder(parts, index, sequence);
    if (index.size === 1 && index.genesis.body === undefined) builder.#written.push(index.genesis);
    return builder;
  }

  /** Headers so far. */
  get size(): number {
    return this.#index.size;
  }

  /** True for a block whose body is placed already. */
  has(block: Pick<Block, 'header'>): boolean {
    return this.#index.byKey(block.header.key)?.hasBody === true;
  }

  /** True when the block's parent is known: only then can it be added. */
  canAdd(block: Pick<Block, 'header'>): boolean {
    return this.#index.byKey(block.header.key) !== undefined || this.#index.get(block.header.prevHash) !== undefined;
  }

  /** Adds a block whose body lies at `body`. A broken rule leaves no trace. */
  async add(block: Block, body: FilePosition): Promise<Check> {
    const { judge, network, nowMs } = this.#parts;
    let entry = this.#index.byKey(block.header.key);
    if (entry?.hasBody === true) return PASSED;
    const parent = entry === undefined ? this.#index.get(block.header.prevHash) : entry.parent;
    if (entry === undefined) {
      if (parent === undefined) return broken('prev-blk-not-found', `parent of ${block.header.id} is unknown`);
      const verdict = judge.verify(block, contextAfter(parent), parent.state, nowMs);
      if (!verdict.ok) return verdict;
      entry = new IndexEntry({ header: block.header, seal: block.seal }, parent, verdict.value, this.#sequence);
    }
    if (parent !== undefined) {
      const verdict = judgeBody(block, parent, network.consensus);
      if (!verdict.ok) return verdict;
    }
    if (this.#index.byKey(block.header.key) === undefined) {
      this.#index.add(entry);
      this.#sequence++;
    }
    applyChange(entry, { body, txCount: block.txs.length, status: 'stored' });
    this.#written.push(entry);
    if (this.#written.length >= CHUNK) await this.flush();
    return PASSED;
  }

  /** Writes what was added. */
  async flush(): Promise<void> {
    const { store, judge } = this.#parts;
    const written = this.#written;
    this.#written = [];
    await store.putHeaders(written.map((entry) => toStored(entry, judge)));
  }
}
