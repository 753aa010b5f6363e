import { DecodeError, type Reader } from '../../util/codec.ts';

/** LevelDB's variable-length integer (seven bits a byte, lowest first) below 2^53. Throws DecodeError. */
export function varint64(r: Reader, what = 'varint'): number {
  let value = 0;
  for (let shift = 0; shift < 56; shift += 7) {
    const byte = r.u8(what);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      // LevelDB never writes an empty last byte: a footer's padding would pass for one.
      if (byte === 0 && shift > 0) throw new DecodeError(`${what}: not minimal`);
      if (!Number.isSafeInteger(value)) break;
      return value;
    }
  }
  throw new DecodeError(`${what}: too large`);
}

/** The same below 2^32. */
export function varint32(r: Reader, what = 'varint'): number {
  const value = varint64(r, what);
  if (value > 0xffffffff) throw new DecodeError(`${what}: too large`);
  return value;
}

/** Length and that many bytes, as a view. */
export function varSlice(r: Reader, what = 'slice'): Uint8Array {
  return r.take(varint32(r, what), what);
}
