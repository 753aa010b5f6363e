import { compareBytes } from '../util/bytes.ts';
import { toHex } from '../util/hex.ts';
import type { Kv, KvOp } from '../util/ports.ts';

/** Kv in memory: for tests and for nodes that keep nothing. Iteration sees the state at its start. */
export class MemoryKv implements Kv {
  readonly #map = new Map<string, readonly [Uint8Array, Uint8Array]>();

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#map.get(toHex(key))?.[1].slice();
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#map.get(toHex(key))?.[1].slice());
  }

  async batch(ops: readonly KvOp[], _options: { readonly sync: boolean }): Promise<void> {
    for (const op of ops) {
      if (op.type === 'put') this.#map.set(toHex(op.key), [op.key.slice(), op.value.slice()]);
      else this.#map.delete(toHex(op.key));
    }
  }

  async settle(): Promise<void> {}

  async *iterate(range: {
    readonly gte: Uint8Array;
    readonly lt: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    const found = [...this.#map.values()]
      .filter(([key]) => compareBytes(key, range.gte) >= 0 && compareBytes(key, range.lt) < 0)
      .sort((a, b) => compareBytes(a[0], b[0]));
    if (range.reverse === true) found.reverse();
    for (const [key, value] of found.slice(0, range.limit ?? found.length)) yield [key.slice(), value.slice()];
  }

  async close(): Promise<void> {}
}
