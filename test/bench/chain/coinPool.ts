import assert from 'node:assert/strict';
import type { Hash256 } from '../../../src/primitives/hash.ts';
import type { SeededRandom } from './random.ts';

/** An output that can be spent. */
export interface OwnedCoin {
  readonly txid: Hash256;
  readonly index: number;
  /** Satoshi. */
  readonly value: number;
  /** Place in the list of owners. */
  readonly owner: number;
}

function grown<A extends Uint32Array | Float64Array>(old: A, make: (length: number) => A): A {
  const larger = make(2 * old.length);
  larger.set(old);
  return larger;
}

/** Coins from which any may be taken at random; 18 bytes each, so that millions fit. */
export class CoinPool {
  readonly #txids: Hash256[] = [];
  #size = 0;
  #tx = new Uint32Array(1024);
  #index = new Uint32Array(1024);
  #value = new Float64Array(1024);
  #owner = new Uint32Array(1024);

  get size(): number {
    return this.#size;
  }

  /** Adds the outputs of one transaction: values in satoshi and owners, in order. */
  add(txid: Hash256, values: readonly number[], owners: readonly number[]): void {
    this.#txids.push(txid);
    for (let index = 0; index < values.length; index++) {
      if (this.#size === this.#tx.length) this.#grow();
      const at = this.#size++;
      this.#tx[at] = this.#txids.length - 1;
      this.#index[at] = index;
      this.#value[at] = values[index] as number;
      this.#owner[at] = owners[index] as number;
    }
  }

  /** Takes a random coin: the last fills the gap. */
  take(random: SeededRandom): OwnedCoin {
    assert(this.#size > 0, 'more coins are spent than were funded');
    const at = random.between(0, this.#size - 1);
    const coin = {
      txid: this.#txids[this.#tx[at] as number] as Hash256,
      index: this.#index[at] as number,
      value: this.#value[at] as number,
      owner: this.#owner[at] as number,
    };
    const last = --this.#size;
    for (const column of [this.#tx, this.#index, this.#value, this.#owner]) column[at] = column[last] as number;
    return coin;
  }

  #grow(): void {
    const u32 = (length: number): Uint32Array<ArrayBuffer> => new Uint32Array(length);
    this.#tx = grown(this.#tx, u32);
    this.#index = grown(this.#index, u32);
    this.#value = grown(this.#value, (length) => new Float64Array(length));
    this.#owner = grown(this.#owner, u32);
  }
}
