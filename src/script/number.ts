import { EMPTY } from '../util/bytes.ts';

/** Numbers on the script stack: little-endian, sign in the top bit of the last byte, zero is empty. */

/** Longest number that arithmetic opcodes read. */
export const MAX_NUMBER_LENGTH = 4;

/** Shortest encoding. */
export function encodeScriptNumber(n: bigint): Uint8Array {
  if (n === 0n) return EMPTY;
  const bytes: number[] = [];
  for (let rest = n < 0n ? -n : n; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 0xffn));
  const last = bytes[bytes.length - 1] as number;
  if ((last & 0x80) !== 0) bytes.push(n < 0n ? 0x80 : 0);
  else if (n < 0n) bytes[bytes.length - 1] = last | 0x80;
  return Uint8Array.from(bytes);
}

/** True unless a shorter encoding of the same number exists. */
export function isMinimalNumber(bytes: Uint8Array): boolean {
  const last = bytes[bytes.length - 1];
  if (last === undefined || (last & 0x7f) !== 0) return true;
  return bytes.length > 1 && ((bytes[bytes.length - 2] as number) & 0x80) !== 0;
}

/** The number, or undefined when it is longer than `maxLength` or, with `minimal`, not in its shortest form. */
export function decodeScriptNumber(
  bytes: Uint8Array,
  minimal: boolean,
  maxLength: number = MAX_NUMBER_LENGTH,
): bigint | undefined {
  if (bytes.length > maxLength || (minimal && !isMinimalNumber(bytes))) return undefined;
  if (bytes.length === 0) return 0n;
  let n = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(bytes[i] as number);
  const sign = 1n << BigInt(8 * bytes.length - 1);
  return (n & sign) !== 0n ? -(n ^ sign) : n;
}

/** A stack item as a condition: false when every byte is zero, the last one maybe with the sign bit (negative zero). */
export function isTrue(item: Uint8Array): boolean {
  for (let i = 0; i < item.length; i++) {
    if (item[i] !== 0) return !(i === item.length - 1 && item[i] === 0x80);
  }
  return false;
}
