import { fromHexReversed, toHexReversed } from '../util/hex.ts';

/** 32 bytes in internal byte order (as hashed and as on the wire). */
export type Hash256 = Uint8Array;

export const ZERO_HASH: Hash256 = new Uint8Array(32);

/** The hash as Bitcoin shows it: 64 hex digits, bytes reversed. */
export function displayHash(hash: Hash256): string {
  return toHexReversed(hash);
}

/** The hash of a displayed hash. Throws RangeError unless `text` is 64 hex digits. */
export function parseHash(text: string): Hash256 {
  if (text.length !== 64) throw new RangeError(`a hash has 64 hex digits, not ${text.length}`);
  return fromHexReversed(text);
}

/** Map key of 32 bytes in internal order: opaque, for maps of this process only, never shown or stored. */
export function hashKey(hash: Hash256): string {
  return numberedHashKey(hash, 0);
}

/**
 * Map key of a hash and a 32-bit number. Two bytes make a code unit: a flat string of half the length of hex, made several
 * times as fast. Spelled out, because String.fromCharCode is fast with arguments and slow with a list of them.
 */
export function numberedHashKey(hash: Hash256, n: number): string {
  return String.fromCharCode(
    unit(hash, 0),
    unit(hash, 2),
    unit(hash, 4),
    unit(hash, 6),
    unit(hash, 8),
    unit(hash, 10),
    unit(hash, 12),
    unit(hash, 14),
    unit(hash, 16),
    unit(hash, 18),
    unit(hash, 20),
    unit(hash, 22),
    unit(hash, 24),
    unit(hash, 26),
    unit(hash, 28),
    unit(hash, 30),
    n & 0xffff,
    n >>> 16,
  );
}

function unit(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

export function isZeroHash(hash: Hash256): boolean {
  for (let i = 0; i < 32; i++) if (hash[i] !== 0) return false;
  return true;
}
