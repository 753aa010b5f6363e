import { asciiBytes } from '../util/bytes.ts';
import { DecodeError, type Reader, type Writer } from '../util/codec.ts';
import { MAX_TEXT_BYTES } from './limits.ts';

/** Texts on the wire are printable ASCII: what a peer says about itself ends up in logs and terminals. */
function isPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e;
}

/** CompactSize length and printable ASCII. Throws DecodeError on other bytes or above MAX_TEXT_BYTES. */
export function readText(r: Reader, what: string): string {
  const bytes = r.varBytes(MAX_TEXT_BYTES, what);
  let text = '';
  for (const code of bytes) {
    if (!isPrintable(code)) throw new DecodeError(`${what}: byte 0x${code.toString(16)} is not printable ASCII`);
    text += String.fromCharCode(code);
  }
  return text;
}

/** Writes what readText reads. Throws RangeError on text that it would refuse. */
export function writeText(w: Writer, text: string, what: string): void {
  if (text.length > MAX_TEXT_BYTES) throw new RangeError(`${what}: ${text.length} bytes is above ${MAX_TEXT_BYTES}`);
  for (let i = 0; i < text.length; i++)
    if (!isPrintable(text.charCodeAt(i))) throw new RangeError(`${what}: character ${i} is not printable ASCII`);
  w.varBytes(asciiBytes(text));
}

/** The text with everything readText refuses replaced and cut to the limit: for our own error messages. */
export function toWireText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_TEXT_BYTES);
}
