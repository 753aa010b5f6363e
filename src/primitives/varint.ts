import { DecodeError, type Reader, type Writer } from '../util/codec.ts';

/** Groups of seven bits in 64 bits. */
const MAX_GROUPS = 10;
/** The groups of the number being written, from the end on. */
const groups = new Uint8Array(MAX_GROUPS);

/**
 * Bitcoin Core's VARINT (serialize.h): base 128, most significant group first, one subtracted per continued group so that
 * every number has exactly one encoding. Used on disk only. `value`: 0 … 2^53 - 1 as a number, 0 … 2^64 - 1 as a bigint.
 */
export function writeVarint(w: Writer, value: bigint | number): void {
  const first = value <= Number.MAX_SAFE_INTEGER ? splitNumber(Number(value)) : splitBig(BigInt(value));
  for (let i = first; i < MAX_GROUPS; i++) w.u8(groups[i] as number);
}

/** Fills `groups`; returns the index of the first. */
function splitNumber(value: number): number {
  let at = MAX_GROUPS - 1;
  let n = value;
  for (; n > 0x7f; at--) {
    const high = Math.floor(n / 128);
    groups[at] = (n - high * 128) | (at < MAX_GROUPS - 1 ? 0x80 : 0);
    n = high - 1;
  }
  groups[at] = n | (at < MAX_GROUPS - 1 ? 0x80 : 0);
  return at;
}

/** The same for numbers of 64 bits. */
function splitBig(value: bigint): number {
  let at = MAX_GROUPS - 1;
  let n = value;
  for (; n > 0x7fn; at--) {
    groups[at] = Number(n & 0x7fn) | (at < MAX_GROUPS - 1 ? 0x80 : 0);
    n = (n >> 7n) - 1n;
  }
  groups[at] = Number(n) | (at < MAX_GROUPS - 1 ? 0x80 : 0);
  return at;
}

/** Numbers below it can take one more group of seven bits and stay exact. */
const ROOM_FOR_GROUP = 2 ** 45;

/** A VARINT of at most 64 bits. Throws DecodeError. */
export function readVarintBig(r: Reader): bigint {
  let low = 0;
  while (low < ROOM_FOR_GROUP) {
    const byte = r.u8('varint');
    low = low * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) return BigInt(low);
    low += 1;
  }
  let n = BigInt(low);
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
