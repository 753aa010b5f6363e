import { EMPTY } from '../util/bytes.ts';

/** Numbers on the script stack: little-endian, sign in the top bit of the last byte, zero is empty. */

/** Longest number that arithmetic opcodes read. */
export const MAX_NUMBER_LENGTH = 4;
/** Longest number that OP_CHECKLOCKTIMEVERIFY and OP_CHECKSEQUENCEVERIFY read (BIP65, BIP112). */
export const MAX_LOCKTIME_LENGTH = 5;

/** Shortest encoding of a safe integer. Throws RangeError for other numbers. */
export function encodeScriptNumber(n: number): Uint8Array {
  if (n === 0) return EMPTY;
  if (!Number.isSafeInteger(n)) throw new RangeError(`script number ${n} is no safe integer`);
  // The top bit of the last byte is the sign's.
  let size = 1;
  for (let rest = Math.abs(n); rest >= 0x80; rest = Math.floor(rest / 256)) size++;
  const out = new Uint8Array(size);
  let rest = Math.abs(n);
  for (let i = 0; i < size; i++) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (n < 0) out[size - 1] = (out[size - 1] as number) | 0x80;
  return out;
}

/** True unless a shorter encoding of the same number exists. */
export function isMinimalNumber(bytes: Uint8Array): boolean {
  const last = bytes[bytes.length - 1];
  if (last === undefined || (last & 0x7f) !== 0) return true;
  return bytes.length > 1 && ((bytes[bytes.length - 2] as number) & 0x80) !== 0;
}

/**
 * The number, or undefined when it is longer than `maxLength` (at most 6 bytes, which a JavaScript number holds exactly)
 * or, with `minimal`, not in its shortest form.
 */
export function decodeScriptNumber(
  bytes: Uint8Array,
  minimal: boolean,
  maxLength: number = MAX_NUMBER_LENGTH,
): number | undefined {
  if (bytes.length > maxLength || (minimal && !isMinimalNumber(bytes))) return undefined;
  if (bytes.length === 0) return 0;
  const last = bytes[bytes.length - 1] as number;
  let n = last & 0x7f;
  for (let i = bytes.length - 2; i >= 0; i--) n = n * 256 + (bytes[i] as number);
  return last >= 0x80 ? 0 - n : n;
}

/** A stack item as a condition: false when every byte is zero, the last one maybe with the sign bit (negative zero). */
export function isTrue(item: Uint8Array): boolean {
  for (let i = 0; i < item.length; i++) {
    if (item[i] !== 0) return !(i === item.length - 1 && item[i] === 0x80);
  }
  return false;
}
