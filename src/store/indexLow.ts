import { Reader, Writer } from '../util/codec.ts';
import type { KvOp } from '../util/ports.ts';
import { INDEX_LOW_KEY } from './schema.ts';

function lower(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b);
}

/**
 * The index of transactions follows every commit, the coins only when they are flushed. Blocks that a reorganisation took
 * out of the index may still be below the flushed tip when the process ends: they are indexed again at the next start. This
 * remembers, in every batch since, the lowest height above which that may be so.
 */
export class IndexLow {
  /** Since the block that the coins in the database represent. */
  #low: number | undefined;
  /** Since the block that the coins under flush represent. */
  #sinceFrozen: number | undefined;

  constructor(stored: Uint8Array | undefined) {
    this.#low = stored === undefined ? undefined : new Reader(stored).u32('index height');
  }

  get height(): number | undefined {
    return this.#low;
  }

  /** A flush of the coins as they are now begins. */
  freeze(): void {
    this.#sinceFrozen = undefined;
  }

  /** For the batch of a commit; `disconnected` is the height of the block it takes out. */
  commitOps(disconnected: number | undefined): KvOp[] {
    if (disconnected !== undefined) {
      this.#low = lower(this.#low, disconnected - 1);
      this.#sinceFrozen = lower(this.#sinceFrozen, disconnected - 1);
    }
    return this.#low === undefined ? [] : this.#ops();
  }

  /** For the last batch of a flush. */
  flushedOps(): KvOp[] {
    this.#low = this.#sinceFrozen;
    return this.#ops();
  }

  #ops(): KvOp[] {
    const low = this.#low;
    if (low === undefined) return [{ type: 'del', key: INDEX_LOW_KEY }];
    return [{ type: 'put', key: INDEX_LOW_KEY, value: new Writer(4).u32(low).finish() }];
  }
}
