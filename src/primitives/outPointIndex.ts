import { equalBytes } from '../util/bytes.ts';
import type { Hash256 } from './hash.ts';

const GOLDEN = 0x9e3779b1;

/**
 * Numbers filed under outpoints, for the thousands that a block spends and makes: no string is made for any of them. The
 * salt is a hash that whoever made the transactions could not know, such as their block's: names that all fall into one
 * bucket cannot be chosen.
 */
export class OutPointIndex {
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #values: Int32Array;
  readonly #txids: Hash256[] = [];
  readonly #indexes: Uint32Array;
  readonly #salt: number;

  /** Room for `capacity` entries. */
  constructor(capacity: number, salt: Hash256) {
    let buckets = 16;
    while (buckets < 2 * capacity) buckets *= 2;
    this.#heads = new Int32Array(buckets).fill(-1);
    this.#next = new Int32Array(capacity);
    this.#values = new Int32Array(capacity);
    this.#indexes = new Uint32Array(capacity);
    this.#salt = word(salt, 0);
  }

  /** Files a number; what was filed under the same outpoint is hidden. */
  add(txid: Hash256, index: number, value: number): void {
    const bucket = this.#bucket(txid, index);
    const at = this.#txids.push(txid) - 1;
    this.#indexes[at] = index;
    this.#values[at] = value;
    this.#next[at] = this.#heads[bucket] as number;
    this.#heads[bucket] = at;
  }

  /** What was filed last under the outpoint. */
  get(txid: Hash256, index: number): number | undefined {
    for (let at = this.#heads[this.#bucket(txid, index)] as number; at >= 0; at = this.#next[at] as number)
      if (this.#indexes[at] === index && equalBytes(this.#txids[at] as Hash256, txid)) return this.#values[at];
    return undefined;
  }

  #bucket(txid: Hash256, index: number): number {
    const mixed = Math.imul(word(txid, 0) ^ this.#salt, GOLDEN) ^ Math.imul(word(txid, 4) + index, this.#salt | 1);
    return (mixed ^ (mixed >>> 15)) & (this.#heads.length - 1);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
