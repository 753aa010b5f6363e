/**
 * Where the typing errors of a bad bech32 or bech32m string probably are, as Bitcoin Core's validateaddress reports them.
 * The checksum is a BCH code over GF(32) whose generator has the roots e^997, e^998, e^999 in GF(1024) (BIP173): up to two
 * wrong characters can be located. Corrections are not offered: an address must be asked for again, not guessed.
 */

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const MAX_LENGTH = 90;
const CHECKSUM_LENGTH = 6;
const BECH32_CONSTANT = 1;
const BECH32M_CONSTANT = 0x2bc830a3;
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;

export interface Bech32Fault {
  /** Bitcoin Core's words. Empty when the string is a valid bech32 or bech32m string. */
  readonly error: string;
  /** Positions in the string, from 0, in ascending order. */
  readonly locations: readonly number[];
}

function polymod(values: readonly number[]): number {
  let c = 1;
  for (const value of values) {
    const top = c >>> 25;
    c = ((c & 0x1ffffff) << 5) ^ value;
    for (let i = 0; i < 5; i++) if (((top >>> i) & 1) !== 0) c ^= GENERATOR[i] as number;
  }
  return c >>> 0;
}

/** GF(32) = GF(2)[x]/(x⁵+x³+1): product of two elements. */
function multiply32(a: number, b: number): number {
  let product = 0;
  for (let i = 0, x = a; i < 5; i++) {
    if (((b >>> i) & 1) !== 0) product ^= x;
    x <<= 1;
    if ((x & 32) !== 0) x ^= 41;
  }
  return product;
}

interface Field1024 {
  /** exp[i] = e^i for 0 ≤ i < 1023. */
  readonly exp: readonly number[];
  /** log[x] for x ≠ 0. */
  readonly log: readonly number[];
}

let field: Field1024 | undefined;

/** GF(1024) = GF(32)[v]/(v²+9v+23), elements as 32·v1 + v0; e = v generates it. */
function field1024(): Field1024 {
  if (field !== undefined) return field;
  const exp: number[] = [];
  const log: number[] = new Array(1024).fill(-1);
  let x = 1;
  for (let i = 0; i < 1023; i++) {
    exp.push(x);
    log[x] = i;
    const high = x >>> 5;
    x = ((multiply32(high, 9) ^ (x & 31)) << 5) | multiply32(high, 23);
  }
  field = { exp, log };
  return field;
}

/** Positions of at most two errors, counted from the end of the string, that explain the residue; empty when none do. */
function errorPositions(residue: number, length: number): readonly number[] {
  const { exp, log } = field1024();
  const logOf = (x: number): number => log[x] as number;
  const power = (n: number): number => exp[((n % 1023) + 1023) % 1023] as number;
  const times = (x: number, n: number): number => (x === 0 ? 0 : power(logOf(x) + n));

  // Syndromes: the residue, a polynomial of degree 5 over GF(32), at e^997, e^998, e^999.
  const syndrome = (root: number): number => {
    let sum = 0;
    for (let k = 0; k < CHECKSUM_LENGTH; k++) sum ^= times((residue >>> (5 * k)) & 31, root * k);
    return sum;
  };
  const s0 = syndrome(997);
  const s1 = syndrome(998);
  const s2 = syndrome(999);
  // An error value lies in GF(32), whose non-zero elements are the powers of e^33.
  const isErrorValue = (logarithm: number): boolean => logarithm % 33 === 0;

  if (s0 !== 0 && s1 !== 0 && s2 !== 0 && (2 * logOf(s1) - logOf(s2) - logOf(s0) + 2046) % 1023 === 0) {
    // s_k = E · e^((997+k)·p): one error at position p.
    const p = (logOf(s1) - logOf(s0) + 1023) % 1023;
    return p < length && isErrorValue(logOf(s0) + (1023 - 997) * p) ? [p] : [];
  }
  for (let p1 = 0; p1 < length; p1++) {
    // Assume an error at p1, eliminate it from the syndromes, and solve for the position of the second.
    const b = s2 ^ times(s1, p1);
    const a = s1 ^ times(s0, p1);
    if (a === 0 || b === 0) continue;
    const p2 = (logOf(b) - logOf(a) + 1023) % 1023;
    if (p2 >= length || p1 === p2) continue;
    const c = s1 ^ times(s0, p2);
    if (c === 0) continue;
    const inverse = 1023 - logOf(power(p1) ^ power(p2));
    if (!isErrorValue(logOf(a) + inverse + (1023 - 997) * p2)) continue;
    if (!isErrorValue(logOf(c) + inverse + (1023 - 997) * p1)) continue;
    return p1 > p2 ? [p1, p2] : [p2, p1];
  }
  return [];
}

/** Characters outside 33 … 126, and those whose case differs from the case seen first. */
function badCharacters(text: string): number[] {
  const bad: number[] = [];
  let lower = false;
  let upper = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 97 && c <= 122) {
      if (upper) bad.push(i);
      else lower = true;
    } else if (c >= 65 && c <= 90) {
      if (lower) bad.push(i);
      else upper = true;
    } else if (c < 33 || c > 126) bad.push(i);
  }
  return bad;
}

/** Explains why `text` is no valid bech32(m) string. The work is bounded: strings above 90 characters are not looked into. */
export function locateBech32Errors(text: string): Bech32Fault {
  if (text.length > MAX_LENGTH) {
    const beyond = Array.from({ length: Math.min(text.length, 1000) - MAX_LENGTH }, (_, i) => MAX_LENGTH + i);
    return { error: 'Bech32 string too long', locations: beyond };
  }
  const bad = badCharacters(text);
  if (bad.length > 0) return { error: 'Invalid character or mixed case', locations: bad };
  const separator = text.lastIndexOf('1');
  if (separator < 0) return { error: 'Missing separator', locations: [] };
  if (separator === 0 || separator + CHECKSUM_LENGTH >= text.length)
    return { error: 'Invalid separator position', locations: [separator] };

  const lower = text.toLowerCase();
  const values: number[] = [];
  for (let i = separator + 1; i < lower.length; i++) {
    const value = CHARSET.indexOf(lower[i] as string);
    if (value < 0) return { error: 'Invalid Base 32 character', locations: [i] };
    values.push(value);
  }
  const prefix = Array.from(lower.slice(0, separator), (c) => c.charCodeAt(0));
  const coefficients = [...prefix.map((c) => c >>> 5), 0, ...prefix.map((c) => c & 31), ...values];

  // The fault may lie in the version character, so both checksums are tried; the explanation with fewer errors wins.
  let error = 'Invalid checksum';
  let locations: readonly number[] = [];
  for (const [name, constant] of [
    ['Bech32', BECH32_CONSTANT],
    ['Bech32m', BECH32M_CONSTANT],
  ] as const) {
    const residue = (polymod(coefficients) ^ constant) >>> 0;
    if (residue === 0) return { error: '', locations: [] };
    const found = errorPositions(residue, values.length).map((p) => text.length - 1 - p);
    if (found.length > 0 && (locations.length === 0 || found.length < locations.length)) {
      locations = found;
      error = `Invalid ${name} checksum`;
    }
  }
  return { error, locations };
}
