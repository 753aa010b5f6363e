import { type Hash256, hashKey } from '../../primitives/hash.ts';
import type { BlockRecord } from './blockRecords.ts';

/** A record whose block waits for its parent. */
export interface WaitingBlock {
  /** Number of its file. */
  readonly file: number;
  readonly record: BlockRecord;
  /** Hash of the block, and of the parent it waits for. */
  readonly hash: Hash256;
  readonly parent: Hash256;
}

/** About 300 bytes each. Nodes write blocks at most about a thousand places out of order; the rest is bad luck or malice. */
export const MAX_WAITING = 1_000_000;

/** Blocks that came before their parents: where they lie, not what they hold. */
export class WaitingBlocks {
  readonly #byParent = new Map<string, WaitingBlock[]>();
  readonly #max: number;
  #size = 0;
  #refused = 0;

  constructor(max = MAX_WAITING) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Blocks there was no room for: to be found again by reading the files once more. */
  get refused(): number {
    return this.#refused;
  }

  add(block: WaitingBlock): void {
    if (this.#size >= this.#max) {
      this.#refused++;
      return;
    }
    const key = hashKey(block.parent);
    const siblings = this.#byParent.get(key);
    if (siblings === undefined) this.#byParent.set(key, [block]);
    else siblings.push(block);
    this.#size++;
  }

  /** Takes the blocks out that waited for `parent`. */
  take(parent: Hash256): readonly WaitingBlock[] {
    if (this.#size === 0) return [];
    const key = hashKey(parent);
    const blocks = this.#byParent.get(key) ?? [];
    this.#byParent.delete(key);
    this.#size -= blocks.length;
    return blocks;
  }

  /** Of those that wait the one met first. */
  first(): WaitingBlock | undefined {
    for (const [block] of this.#byParent.values()) return block;
    return undefined;
  }

  /** Forgets all, before the files are read once more. */
  clear(): void {
    this.#byParent.clear();
    this.#size = 0;
    this.#refused = 0;
  }
}
