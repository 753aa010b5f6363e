import { compareBytes } from '../util/bytes.ts';
import { fromHex } from '../util/hex.ts';

/** Order of the secp256k1 group, big-endian. */
export const GROUP_ORDER = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
/** (order − 1) / 2: the largest low S. */
const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');

interface Span {
  readonly start: number;
  readonly end: number;
}

/** An INTEGER at `at`: where its content lies, or undefined when tag or length do not fit. */
function readInteger(der: Uint8Array, at: number): Span | undefined {
  let pos = at;
  if (pos >= der.length || der[pos] !== 0x02) return undefined;
  pos++;
  if (pos >= der.length) return undefined;
  const first = der[pos++] as number;
  let length = first;
  if ((first & 0x80) !== 0) {
    let lengthBytes = first - 0x80;
    if (lengthBytes > der.length - pos) return undefined;
    while (lengthBytes > 0 && der[pos] === 0) {
      pos++;
      lengthBytes--;
    }
    if (lengthBytes >= 4) return undefined;
    length = 0;
    for (; lengthBytes > 0; lengthBytes--) length = length * 256 + (der[pos++] as number);
  }
  if (length > der.length - pos) return undefined;
  return { start: pos, end: pos + length };
}

/** Right-aligns the integer in 32 bytes of `out`; false when it does not fit. Signs are ignored: the bytes count as unsigned. */
function copyInteger(der: Uint8Array, { start, end }: Span, out: Uint8Array, at: number): boolean {
  let from = start;
  while (from < end && der[from] === 0) from++;
  if (end - from > 32) return false;
  out.set(der.subarray(from, end), at + 32 - (end - from));
  return true;
}

/**
 * ECDSA signature (DER or the sloppy BER that old Bitcoin software made, without hash type byte) as r ‖ s, 64 bytes
 * big-endian. undefined when it cannot be read at all; 64 zero bytes, which no key verifies, when r or s is too large.
 * The tolerance is that of libsecp256k1's ecdsa_signature_parse_der_lax, on which consensus relies before BIP66:
 * the sequence length is not checked, long length forms and leading zeros pass, bytes after s are ignored.
 */
export function parseLaxDer(der: Uint8Array): Uint8Array | undefined {
  let pos = 0;
  if (der.length < 2 || der[pos] !== 0x30) return undefined;
  pos++;
  const sequence = der[pos++] as number;
  if ((sequence & 0x80) !== 0) {
    if (sequence - 0x80 > der.length - pos) return undefined;
    pos += sequence - 0x80;
  }
  const r = readInteger(der, pos);
  if (r === undefined) return undefined;
  const s = readInteger(der, r.end);
  if (s === undefined) return undefined;
  const out = new Uint8Array(64);
  const fits = copyInteger(der, r, out, 0) && copyInteger(der, s, out, 32);
  if (!fits || !isScalar(out.subarray(0, 32)) || !isScalar(out.subarray(32))) out.fill(0);
  return out;
}

/** True for 32 bytes big-endian below the group order (zero included). */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === 32 && compareBytes(bytes, GROUP_ORDER) < 0;
}

/** True when s of r ‖ s lies in the upper half of the group order (BIP62, BIP146). */
export function hasHighS(compact: Uint8Array): boolean {
  return compareBytes(compact.subarray(32, 64), HALF_ORDER) > 0;
}

/** r ‖ s with the low one of s and order − s; the argument itself when s is low already. */
export function normalizeS(compact: Uint8Array): Uint8Array {
  if (!hasHighS(compact)) return compact;
  const out = compact.slice();
  let borrow = 0;
  for (let i = 31; i >= 0; i--) {
    const d = (GROUP_ORDER[i] as number) - (compact[32 + i] as number) - borrow;
    borrow = d < 0 ? 1 : 0;
    out[32 + i] = d & 0xff;
  }
  return out;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 0);
}

/** What every ECDSA provider verifies: lax DER → low-S r ‖ s, or undefined when no key can verify it (r or s zero or too large). */
export function verifiableSignature(der: Uint8Array): Uint8Array | undefined {
  const compact = parseLaxDer(der);
  if (compact === undefined || isZero(compact.subarray(0, 32)) || isZero(compact.subarray(32))) return undefined;
  return normalizeS(compact);
}

/** Strict DER (BIP66) of r ‖ s, without hash type byte: 8 to 72 bytes. */
export function encodeDer(compact: Uint8Array): Uint8Array {
  const parts = [compact.subarray(0, 32), compact.subarray(32, 64)].map((n) => {
    let from = 0;
    while (from < 31 && n[from] === 0) from++;
    const pad = (n[from] as number) >= 0x80 ? 1 : 0;
    const out = new Uint8Array(2 + pad + 32 - from);
    out[0] = 0x02;
    out[1] = pad + 32 - from;
    out.set(n.subarray(from), 2 + pad);
    return out;
  }) as [Uint8Array, Uint8Array];
  const [r, s] = parts;
  const out = new Uint8Array(2 + r.length + s.length);
  out[0] = 0x30;
  out[1] = r.length + s.length;
  out.set(r, 2);
  out.set(s, 2 + r.length);
  return out;
}
