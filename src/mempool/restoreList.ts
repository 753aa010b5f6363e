import { hashKey } from '../primitives/hash.ts';
import type { Tx } from '../primitives/tx.ts';

/** A transaction that a reorganisation took out of the chain or the pool and that may come back. */
export interface Displaced {
  readonly tx: Tx;
  /** Unix milliseconds of its first admission; undefined when it came from a block. */
  readonly timeMs: number | undefined;
}

/** Bytes of transactions kept during a reorganisation (Bitcoin Core MAX_DISCONNECTED_TX_POOL_BYTES). */
export const MAX_DISPLACED_BYTES = 20_000_000;

/**
 * What waits to be admitted again, parents before children: blocks are disconnected from the tip down, so each goes before
 * what is there; displaced pool transactions depend on them and go to the end. Over the limit the end is dropped, since
 * nothing depends on it.
 */
export class RestoreList {
  #items: Displaced[] = [];
  /** Items before it are done: moving an index is cheaper than moving the list. */
  #head = 0;
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes = MAX_DISPLACED_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  prepend(items: readonly Displaced[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    this.#grown(items);
  }

  append(items: readonly Displaced[]): void {
    this.#items.push(...items);
    this.#grown(items);
  }

  #grown(items: readonly Displaced[]): void {
    for (const item of items) this.#bytes += item.tx.size;
    while (this.#bytes > this.#maxBytes && this.size > 0) this.#bytes -= (this.#items.pop() as Displaced).tx.size;
  }

  /** Forgets what a connected block holds. */
  confirmed(txs: readonly Tx[]): void {
    if (this.size === 0) return;
    const ids = new Set(txs.map((tx) => hashKey(tx.txid)));
    this.#items = this.#items.slice(this.#head).filter((item) => !ids.has(hashKey(item.tx.txid)));
    this.#head = 0;
    this.#bytes = this.#items.reduce((sum, item) => sum + item.tx.size, 0);
  }

  /** The first in line; it stays until `remove`. */
  first(): Displaced | undefined {
    return this.#items[this.#head];
  }

  /** Takes out the first in line when it is (still) this one. */
  removeFirst(item: Displaced): void {
    if (this.#items[this.#head] !== item) return;
    this.#bytes -= item.tx.size;
    this.#head++;
    if (this.#head < this.#items.length) return;
    this.#items = [];
    this.#head = 0;
  }
}
