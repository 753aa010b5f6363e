import { wasmEngine } from './engine.ts';
import { assembleHashModule } from './hashModule.ts';
import { DATA, DATA_END, DIGEST, IDLE_LANE, MAX_MESSAGE, TABLE, TABLE_ENTRIES } from './layout.ts';

const HASH = 32;
const HASH160 = 20;
const PAIR = 64;
const BLOCK = 64;
const LANES = 4;
const MOST_BLOCKS = Math.ceil((MAX_MESSAGE + 9) / BLOCK);
/** Nodes that merkle() can take: it may write one more behind an odd number. */
export const MAX_NODES: number = Math.floor((DATA_END - DATA) / HASH) - 1;
/** Pairs that hashPairs() can take: four are read at a time. */
export const MAX_PAIRS: number = Math.floor((DATA_END - DATA) / PAIR) - LANES;

interface Exports {
  readonly m: { readonly buffer: ArrayBuffer };
  pad(address: number, length: number): number;
  sha256(length: number): void;
  hash256(length: number): void;
  hash160(length: number): void;
  hashPair(from: number, to: number): void;
  hashPairs(n: number): void;
  merkle(n: number): number;
  /** Only with SIMD. */
  hashEach?(groups: number): void;
}

/** The hash module with its memory. Digests are copies. Not for two threads: each makes its own. */
export class HashKernel {
  readonly #wasm: Exports;
  readonly #memory: Uint8Array;
  readonly #table: Uint32Array;
  readonly #starts = new Uint32Array(MOST_BLOCKS + 1);
  readonly #blocks = new Uint16Array(TABLE_ENTRIES);
  readonly #addresses = new Uint32Array(TABLE_ENTRIES);

  private constructor(wasm: Exports) {
    this.#wasm = wasm;
    this.#memory = new Uint8Array(wasm.m.buffer);
    this.#table = new Uint32Array(wasm.m.buffer, TABLE, 2 * TABLE_ENTRIES);
  }

  /** Undefined where WebAssembly, or SIMD when asked for, is missing or the host refuses it. */
  static make(simd: boolean): HashKernel | undefined {
    const engine = wasmEngine();
    const bytes = engine === undefined ? undefined : assembleHashModule(simd);
    if (engine === undefined || bytes === undefined || !engine.validate(bytes)) return undefined;
    try {
      return new HashKernel(new engine.Instance(new engine.Module(bytes)).exports as Exports);
    } catch {
      // A browser's main thread may not compile at once, and address space for the memory can be lacking.
      return undefined;
    }
  }

  get simd(): boolean {
    return this.#wasm.hashEach !== undefined;
  }

  /** SHA-256 of at most MAX_MESSAGE bytes. */
  sha256(data: Uint8Array): Uint8Array {
    this.#put(data);
    this.#wasm.sha256(data.length);
    return this.#memory.slice(DIGEST, DIGEST + HASH);
  }

  /** SHA-256 twice of at most MAX_MESSAGE bytes. */
  hash256(data: Uint8Array): Uint8Array {
    this.#put(data);
    if (data.length === PAIR) this.#wasm.hashPair(DATA, DIGEST);
    else this.#wasm.hash256(data.length);
    return this.#memory.slice(DIGEST, DIGEST + HASH);
  }

  /** RIPEMD-160 of SHA-256 of at most MAX_MESSAGE bytes. */
  hash160(data: Uint8Array): Uint8Array {
    this.#put(data);
    this.#wasm.hash160(data.length);
    return this.#memory.slice(DIGEST, DIGEST + HASH160);
  }

  #put(data: Uint8Array): void {
    if (data.length > MAX_MESSAGE) throw new RangeError(`${data.length} bytes are more than ${MAX_MESSAGE}`);
    this.#memory.set(data, DATA);
  }

  /** hash256 of each 64 bytes, one after the other: 64 n bytes → 32 n bytes. */
  hash256Pairs(nodes: Uint8Array): Uint8Array {
    const n = nodes.length / PAIR;
    const out = new Uint8Array(n * HASH);
    for (let from = 0; from < n; from += MAX_PAIRS) {
      const count = Math.min(MAX_PAIRS, n - from);
      this.#memory.set(nodes.subarray(PAIR * from, PAIR * (from + count)), DATA);
      this.#wasm.hashPairs(count);
      out.set(this.#memory.subarray(DATA, DATA + HASH * count), HASH * from);
    }
    return out;
  }

  /** Root of 1 … MAX_NODES leaves and the mutated flag of hash256Tree (hashBatches.ts). */
  hash256Tree(leaves: readonly Uint8Array[]): { readonly root: Uint8Array; readonly mutated: boolean } {
    if (leaves.length === 0 || leaves.length > MAX_NODES) throw new RangeError(`${leaves.length} leaves`);
    let at = DATA;
    for (const leaf of leaves) {
      this.#memory.set(leaf, at);
      at += HASH;
    }
    const mutated = this.#wasm.merkle(leaves.length) === 1;
    return { root: this.#memory.slice(DATA, DATA + HASH), mutated };
  }

  /** hash256 of every message of at most MAX_MESSAGE bytes, in order; needs SIMD. */
  hash256Each(messages: readonly Uint8Array[]): Uint8Array[] {
    const digests: Uint8Array[] = [];
    let at = DATA;
    let waiting = 0;
    for (const message of messages) {
      const { length } = message;
      if (length > MAX_MESSAGE) throw new RangeError(`${length} bytes are more than ${MAX_MESSAGE}`);
      if (waiting === TABLE_ENTRIES || at + length > DATA_END) {
        this.#hashWaiting(waiting, digests);
        at = DATA;
        waiting = 0;
      }
      this.#memory.set(message, at);
      const blocks = this.#wasm.pad(at, length);
      this.#addresses[waiting] = at;
      this.#blocks[waiting++] = blocks;
      at += BLOCK * blocks;
    }
    this.#hashWaiting(waiting, digests);
    return digests;
  }

  /** Hashes the messages put into memory: sorted by blocks, so that lanes are idle only where the length changes. */
  #hashWaiting(count: number, digests: Uint8Array[]): void {
    const starts = this.#starts.fill(0);
    for (let i = 0; i < count; i++) (starts[this.#blocks[i] as number] as number)++;
    let next = 0;
    for (let blocks = MOST_BLOCKS; blocks > 0; blocks--) {
      const n = starts[blocks] as number;
      starts[blocks] = next;
      next += n;
    }
    const table = this.#table;
    for (let i = 0; i < count; i++) {
      const blocks = this.#blocks[i] as number;
      const entry = starts[blocks] as number;
      starts[blocks] = entry + 1;
      table[2 * entry] = this.#addresses[i] as number;
      table[2 * entry + 1] = blocks;
    }
    const groups = Math.ceil(count / LANES);
    for (let entry = count; entry < LANES * groups; entry++) {
      table[2 * entry] = IDLE_LANE;
      table[2 * entry + 1] = 0;
    }
    if (groups > 0) this.#wasm.hashEach?.(groups);
    for (let i = 0; i < count; i++) {
      const address = this.#addresses[i] as number;
      digests.push(this.#memory.slice(address, address + HASH));
    }
  }
}
