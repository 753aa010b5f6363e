import { compress, IV, swapBytes } from '../crypto/sha256Words.ts';

/**
 * Searches nonces of one header. `find` tries `count` nonces from `start` (both unsigned, start + count ≤ 2^32) and returns
 * the first whose SHA256d, as a little-endian number, is at most the target; undefined when none is.
 */
export interface PowKernel {
  readonly name: string;
  find(start: number, count: number): number | undefined;
}

/** Makes a kernel for an 80-byte header (its nonce is ignored) and a 32-byte target, little-endian. */
export type MakeKernel = (header80: Uint8Array, target: Uint8Array) => PowKernel;

/** What of a header does not change with the nonce. */
export interface Midstate {
  /** State after the first 64 bytes. */
  readonly state: Int32Array;
  /** The three big-endian words before the nonce: end of merkle root, time, bits. */
  readonly tail: Int32Array;
}

/** Hashes the first 64 of the 80 bytes once. */
export function midstateOf(header80: Uint8Array): Midstate {
  const view = new DataView(header80.buffer, header80.byteOffset, header80.byteLength);
  const w = new Int32Array(64);
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(4 * i);
  const state = IV.slice();
  compress(state, w);
  return { state, tail: Int32Array.of(view.getInt32(64), view.getInt32(68), view.getInt32(72)) };
}

/** Eight little-endian words of a 256-bit number, least significant first. */
export function littleEndianWords(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i, true));
}

/** SHA256d of a header from its midstate: pure JavaScript. */
export class HeaderHasher {
  readonly #mid: Midstate;
  readonly #w = new Int32Array(64);
  /** The digest of the last nonce as eight big-endian words. */
  readonly digest = new Int32Array(8);

  constructor(mid: Midstate) {
    this.#mid = mid;
  }

  hash(nonce: number): Int32Array {
    const w = this.#w;
    const digest = this.digest;
    w.set(this.#mid.tail);
    w[3] = swapBytes(nonce | 0);
    w[4] = 0x80000000 | 0;
    w.fill(0, 5, 15);
    w[15] = 640;
    digest.set(this.#mid.state);
    compress(digest, w);
    w.set(digest);
    w[8] = 0x80000000 | 0;
    w.fill(0, 9, 15);
    w[15] = 256;
    digest.set(IV);
    compress(digest, w);
    return digest;
  }

  /** True when the digest of this nonce is at most the target (littleEndianWords). */
  meets(nonce: number, target: Uint32Array): boolean {
    const digest = this.hash(nonce);
    for (let i = 7; i >= 0; i--) {
      const word = swapBytes(digest[i] as number) >>> 0;
      const limit = target[i] as number;
      if (word !== limit) return word < limit;
    }
    return true;
  }
}

/** Pure JavaScript: starts at once, for easy targets and where WebAssembly SIMD is missing. */
export const jsKernel: MakeKernel = (header80, target) => {
  const hasher = new HeaderHasher(midstateOf(header80));
  const words = littleEndianWords(target);
  return {
    name: 'js',
    find(start, count) {
      for (let i = 0; i < count; i++) if (hasher.meets(start + i, words)) return start + i;
      return undefined;
    },
  };
};
