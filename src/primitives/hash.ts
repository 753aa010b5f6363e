import { fromHexReversed, toHex, toHexReversed } from '../util/hex.ts';

/** 32 bytes in internal byte order (as hashed and as on the wire). */
export type Hash256 = Uint8Array;

export const ZERO_HASH: Hash256 = new Uint8Array(32);

/** The hash as Bitcoin shows it: 64 hex digits, bytes reversed. Also the key used for maps of hashes. */
export function displayHash(hash: Hash256): string {
  return toHexReversed(hash);
}

/** The hash of a displayed hash. Throws RangeError unless `text` is 64 hex digits. */
export function parseHash(text: string): Hash256 {
  if (text.length !== 64) throw new RangeError(`a hash has 64 hex digits, not ${text.length}`);
  return fromHexReversed(text);
}

/** Map key of 32 bytes in internal order. */
export function hashKey(hash: Hash256): string {
  return toHex(hash);
}

export function isZeroHash(hash: Hash256): boolean {
  for (let i = 0; i < 32; i++) if (hash[i] !== 0) return false;
  return true;
}
