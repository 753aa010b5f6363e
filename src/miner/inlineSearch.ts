import type { StopSignal } from '../consensus/engine.ts';
import type { NonceSearch } from '../consensus/pow/powAuthor.ts';
import { jsKernel } from './powKernel.ts';

/** Expected hashes up to which a header is solved on the caller's thread: about 2 ms, less than a thread's round trip. */
export const EASY_HASHES = 4096n;
/** Misses eight times the expected number once in 3000 headers; then the threads take over. */
const PATIENCE = 8;

/** Time field of an 80-byte header, Unix seconds. */
export function timeOfHeader80(header80: Uint8Array): number {
  return new DataView(header80.buffer, header80.byteOffset, header80.byteLength).getUint32(68, true);
}

/** A 256-bit number as 32 bytes, little-endian. */
export function targetBytes(target: bigint): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 0, left = target; i < 32; i++, left >>= 8n) out[i] = Number(left & 0xffn);
  return out;
}

/** Hashes expected until one is at most `target`. */
export function expectedHashes(target: bigint): bigint {
  return (1n << 256n) / (target + 1n);
}

export interface InlineOutcome {
  readonly nonce: number | undefined;
  readonly hashes: number;
}

/** Tries a header with an easy target at once; no nonce when the target is not easy or luck ran out. */
export function solveEasy(header80: Uint8Array, target: bigint): InlineOutcome {
  const expected = expectedHashes(target);
  if (expected > EASY_HASHES) return { nonce: undefined, hashes: 0 };
  const limit = Number(expected) * PATIENCE;
  const nonce = jsKernel(header80, targetBytes(target)).find(0, limit);
  return { nonce, hashes: nonce === undefined ? limit : nonce + 1 };
}

/** NonceSearch for easy targets alone (regtest): no threads, no Node. Hard targets find nothing. */
export const easySearch: NonceSearch = {
  async search(header80: Uint8Array, target: bigint, stop: StopSignal) {
    if (stop.aborted) return undefined;
    const { nonce } = solveEasy(header80, target);
    return nonce === undefined ? undefined : { nonce, time: timeOfHeader80(header80) };
  },
};
