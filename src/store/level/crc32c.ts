/** CRC-32C (Castagnoli polynomial, reflected 0x82f63b78) eight bytes at a time: node:zlib has only the other CRC-32. */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  const first = tables[0] as Uint32Array;
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = (c & 1) === 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    first[n] = c >>> 0;
  }
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] as Uint32Array;
    const table = tables[t] as Uint32Array;
    for (let n = 0; n < 256; n++) {
      const c = before[n] as number;
      table[n] = ((c >>> 8) ^ (first[c & 0xff] as number)) >>> 0;
    }
  }
  return tables;
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** CRC-32C of bytes[from, to), continuing from `crc` (0 at the start). */
export function crc32c(bytes: Uint8Array, from = 0, to: number = bytes.length, crc = 0): number {
  let c = ~crc;
  let at = from;
  const b = (i: number): number => bytes[i] as number;
  for (; at + 8 <= to; at += 8) {
    const low = c ^ (b(at) | (b(at + 1) << 8) | (b(at + 2) << 16) | (b(at + 3) << 24));
    c =
      (T7[low & 0xff] as number) ^
      (T6[(low >>> 8) & 0xff] as number) ^
      (T5[(low >>> 16) & 0xff] as number) ^
      (T4[low >>> 24] as number) ^
      (T3[b(at + 4)] as number) ^
      (T2[b(at + 5)] as number) ^
      (T1[b(at + 6)] as number) ^
      (T0[b(at + 7)] as number);
  }
  for (; at < to; at++) c = (c >>> 8) ^ (T0[(c ^ b(at)) & 0xff] as number);
  return ~c >>> 0;
}

/** LevelDB stores checksums rotated and shifted, so that a checksum of data with checksums inside stays meaningful. */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
