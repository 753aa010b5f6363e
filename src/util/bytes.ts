/** Byte-array helpers. All functions are pure; none keeps a reference to its arguments unless it says so. */

export type Bytes = Uint8Array;

export const EMPTY: Uint8Array = new Uint8Array(0);

/** True when both arrays have the same length and content. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** A new array with the parts one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const p of parts) length += p.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** A reversed copy (Bitcoin displays hashes in reversed byte order). */
export function reverseBytes(a: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) out[a.length - 1 - i] = a[i] as number;
  return out;
}

/** ASCII/UTF-8 text of a short string without TextEncoder (pure rooms have no DOM types). Code points above 0x7f are refused. */
export function asciiBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x7f) throw new RangeError(`asciiBytes: character ${i} of ${JSON.stringify(text)} is not ASCII`);
    out[i] = c;
  }
  return out;
}
