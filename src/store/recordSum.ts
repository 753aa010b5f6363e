import { crc32c } from './level/crc32c.ts';

/** Bytes of a checksum. */
export const SUM_SIZE = 4;

/** Record: value ‖ CRC-32C of key and value, u32 little-endian. So a record that is found under another key is wrong, too. */
export function withSum(key: Uint8Array, value: Uint8Array): Uint8Array {
  const at = value.length;
  const record = new Uint8Array(at + SUM_SIZE);
  record.set(value);
  const sum = crc32c(value, 0, at, crc32c(key));
  record[at] = sum;
  record[at + 1] = sum >>> 8;
  record[at + 2] = sum >>> 16;
  record[at + 3] = sum >>> 24;
  return record;
}

/** The value of a record, a view on it; undefined when its checksum is wrong. */
export function valueInRecord(key: Uint8Array, record: Uint8Array): Uint8Array | undefined {
  const at = record.length - SUM_SIZE;
  if (at < 0) return undefined;
  const sum =
    (record[at] as number) |
    ((record[at + 1] as number) << 8) |
    ((record[at + 2] as number) << 16) |
    ((record[at + 3] as number) << 24);
  return crc32c(record, 0, at, crc32c(key)) === sum >>> 0 ? record.subarray(0, at) : undefined;
}
