const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/**
 * Lower-case hex of the bytes, in the order given. The result is one flat string: put together digit by digit it would be a
 * rope of many small strings, which takes eight times the memory for as long as it is a map's key.
 */
export function toHex(bytes: Uint8Array): string {
  const digits: string[] = new Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) digits[i] = DIGITS[bytes[i] as number] as string;
  return digits.join('');
}

/** Hex of the bytes in reversed order: how Bitcoin displays txids and block hashes. */
export function toHexReversed(bytes: Uint8Array): string {
  return toHex(bytes.toReversed());
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/** True when `text` is an even number of hex digits (the empty string counts). */
export function isHex(text: string): boolean {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text);
}

/** Bytes of a hex string. Throws RangeError on odd length or a non-hex character. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new RangeError(`hex has odd length ${text.length}`);
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) {
    const hi = nibble(text.charCodeAt(2 * i));
    const lo = nibble(text.charCodeAt(2 * i + 1));
    if (hi < 0 || lo < 0) throw new RangeError(`not a hex character at position ${hi < 0 ? 2 * i : 2 * i + 1}`);
    out[i] = (hi << 4) | lo;
  }
  return out;
}

/** Bytes of a displayed hash: hex, reversed. Throws RangeError as fromHex does. */
export function fromHexReversed(text: string): Uint8Array {
  return fromHex(text).reverse();
}
