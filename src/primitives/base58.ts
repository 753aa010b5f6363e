import { base58 } from '@scure/base';
import { hash256 } from '../crypto/hash.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';

const CHECKSUM = 4;
/** Decoding is quadratic: no address, key or extended key is longer than 82 bytes; Bitcoin Core's error probe stops at 100. */
export const MAX_BASE58_BYTES = 100;
/** More characters than this never stand for MAX_BASE58_BYTES or less. */
const MAX_CHARACTERS = 137;

/** Base58 text of the bytes, each leading zero byte a "1". */
export function encodeBase58(bytes: Uint8Array): string {
  return base58.encode(bytes);
}

const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** The text without white space at its ends. By hand: a regular expression would look at every inner run to its end. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/**
 * Bytes of base58 text; undefined for other characters or more than `max` bytes. White space around the text is
 * skipped, as Bitcoin Core does.
 */
export function decodeBase58(text: string, max: number = MAX_BASE58_BYTES): Uint8Array | undefined {
  const trimmed = withoutBlanks(text);
  if (trimmed.length > MAX_CHARACTERS || !/^[1-9A-HJ-NP-Za-km-z]*$/.test(trimmed)) return undefined;
  const bytes = base58.decode(trimmed);
  return bytes.length <= max ? bytes : undefined;
}

/** Base58 with the first four bytes of SHA256d appended. */
export function encodeBase58Check(payload: Uint8Array): string {
  return encodeBase58(concatBytes(payload, hash256(payload).subarray(0, CHECKSUM)));
}

/** Payload of at most `max` bytes of base58check text; undefined when it is malformed, too long or its checksum is wrong. */
export function decodeBase58Check(text: string, max: number): Uint8Array | undefined {
  const bytes = decodeBase58(text, max + CHECKSUM);
  if (bytes === undefined || bytes.length < CHECKSUM) return undefined;
  const payload = bytes.slice(0, bytes.length - CHECKSUM);
  const checksum = bytes.subarray(bytes.length - CHECKSUM);
  return equalBytes(hash256(payload).subarray(0, CHECKSUM), checksum) ? payload : undefined;
}
