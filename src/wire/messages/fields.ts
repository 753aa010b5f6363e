import { type Reader, Writer } from '../../util/codec.ts';

const MASK64 = (1n << 64n) - 1n;

/** 256-bit unsigned integer as 32 bytes, little-endian (protocol §1.1). */
export function writeU256(w: Writer, value: bigint): void {
  for (let shift = 0n; shift < 256n; shift += 64n) w.u64((value >> shift) & MASK64);
}

export function readU256(r: Reader, what: string): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 256n; shift += 64n) value |= r.u64(what) << shift;
  return value;
}

/** Bytes written by `write`. */
export function written(sizeHint: number, write: (w: Writer) => void): Uint8Array {
  const w = new Writer(sizeHint);
  write(w);
  return w.finish();
}
