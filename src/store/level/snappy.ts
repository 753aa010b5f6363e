import { DecodeError, type Reader } from '../../util/codec.ts';
import { varint32 } from './varint.ts';

/** Most bytes a LevelDB block may claim to unpack to: blocks are 4 KiB, a single large value may exceed that. */
const MAX_UNPACKED = 0x04000000;

/** Unpacks Snappy's raw format (length, then literals and copies), the only compression of LevelDB. Throws DecodeError. */
export function unpackSnappy(r: Reader): Uint8Array {
  const size = varint32(r, 'snappy length');
  if (size > MAX_UNPACKED) throw new DecodeError(`snappy: ${size} bytes are too many`);
  const out = new Uint8Array(size);
  let at = 0;
  while (r.left > 0) {
    const tag = r.u8('snappy tag');
    const kind = tag & 3;
    if (kind === 0) {
      const length = literalLength(r, tag >> 2);
      if (at + length > size) throw new DecodeError('snappy: more bytes than announced');
      out.set(r.take(length, 'snappy literal'), at);
      at += length;
      continue;
    }
    const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const back =
      kind === 1 ? ((tag >> 5) << 8) | r.u8('snappy copy') : kind === 2 ? r.u16('snappy copy') : r.u32('snappy copy');
    if (back === 0 || back > at || at + length > size) throw new DecodeError('snappy: copy from outside');
    // A copy may overlap what it writes: byte by byte.
    for (let i = 0; i < length; i++, at++) out[at] = out[at - back] as number;
  }
  if (at !== size) throw new DecodeError('snappy: fewer bytes than announced');
  return out;
}

function literalLength(r: Reader, code: number): number {
  if (code < 60) return code + 1;
  let length = 0;
  for (let i = 0; i < code - 59; i++) length += r.u8('snappy literal length') * 2 ** (8 * i);
  return length + 1;
}
