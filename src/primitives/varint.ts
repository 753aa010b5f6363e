import { DecodeError, type Reader, type Writer } from '../util/codec.ts';

/**
 * Bitcoin Core's VARINT (serialize.h): base 128, most significant group first, one subtracted per continued group so that
 * every number has exactly one encoding. Used on disk only.
 */
export function writeVarint(w: Writer, value: bigint | number): void {
  const groups: number[] = [];
  if (typeof value === 'number') {
    for (let n = value; ; n = Math.floor(n / 128) - 1) {
      groups.push((n % 128) | (groups.length > 0 ? 0x80 : 0));
      if (n <= 0x7f) break;
    }
  } else {
    for (let n = value; ; n = (n >> 7n) - 1n) {
      groups.push(Number(n & 0x7fn) | (groups.length > 0 ? 0x80 : 0));
      if (n <= 0x7fn) break;
    }
  }
  for (let i = groups.length - 1; i >= 0; i--) w.u8(groups[i] as number);
}

/** A VARINT of at most 64 bits. Throws DecodeError. */
export function readVarintBig(r: Reader): bigint {
  let n = 0n;
  for (;;) {
    const byte = r.u8('varint');
    if (n > 0x01ffffffffffffffn) throw new DecodeError('varint: above 64 bits');
    n = (n << 7n) | BigInt(byte & 0x7f);
    if ((byte & 0x80) === 0) return n;
    n += 1n;
  }
}

/** A VARINT below 2^53 - 1. Throws DecodeError. */
export function readVarint(r: Reader): number {
  let n = 0;
  for (;;) {
    const byte = r.u8('varint');
    n = n * 128 + (byte & 0x7f);
    if (n >= Number.MAX_SAFE_INTEGER) throw new DecodeError('varint: above 53 bits');
    if ((byte & 0x80) === 0) return n;
    n += 1;
  }
}
