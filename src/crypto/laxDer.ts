import { fromHex } from '../util/hex.ts';

/** Order of the secp256k1 group, big-endian. */
export const GROUP_ORDER = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
/** (order − 1) / 2: the largest low S. */
const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');

const SCALAR = 32;
const COMPACT = 64;

/** Where the content of the INTEGER read last ends. */
let contentEnd = 0;

/** An INTEGER at `at`: where its content starts, contentEnd being where it ends; −1 when tag or length do not fit. */
function contentOfInteger(der: Uint8Array, at: number): number {
  let pos = at;
  if (pos >= der.length || der[pos] !== 0x02) return -1;
  pos++;
  if (pos >= der.length) return -1;
  const first = der[pos++] as number;
  let length = first;
  if ((first & 0x80) !== 0) {
    let lengthBytes = first - 0x80;
    if (lengthBytes > der.length - pos) return -1;
    while (lengthBytes > 0 && der[pos] === 0) {
      pos++;
      lengthBytes--;
    }
    if (lengthBytes >= 4) return -1;
    length = 0;
    for (; lengthBytes > 0; lengthBytes--) length = length * 256 + (der[pos++] as number);
  }
  if (length > der.length - pos) return -1;
  contentEnd = pos + length;
  return pos;
}

/** Right-aligns the integer in 32 zero bytes of `out`; false when it does not fit. Signs are ignored: the bytes count as unsigned. */
function copyInteger(der: Uint8Array, start: number, end: number, out: Uint8Array, at: number): boolean {
  let from = start;
  while (from < end && der[from] === 0) from++;
  if (end - from > SCALAR) return false;
  const shift = at + SCALAR - end;
  for (let i = from; i < end; i++) out[shift + i] = der[i] as number;
  return true;
}

/** parseLaxDer into 64 bytes: false when the signature cannot be read at all. */
function readLaxDer(der: Uint8Array, out: Uint8Array): boolean {
  if (der.length < 2 || der[0] !== 0x30) return false;
  const sequence = der[1] as number;
  let pos = 2;
  if ((sequence & 0x80) !== 0) {
    if (sequence - 0x80 > der.length - pos) return false;
    pos += sequence - 0x80;
  }
  const r = contentOfInteger(der, pos);
  if (r < 0) return false;
  const rEnd = contentEnd;
  const s = contentOfInteger(der, rEnd);
  if (s < 0) return false;
  out.fill(0);
  const fits = copyInteger(der, r, rEnd, out, 0) && copyInteger(der, s, contentEnd, out, SCALAR);
  if (!fits || compareAt(out, 0, GROUP_ORDER) >= 0 || compareAt(out, SCALAR, GROUP_ORDER) >= 0) out.fill(0);
  return true;
}

/**
 * ECDSA signature (DER or the sloppy BER that old Bitcoin software made, without hash type byte) as r ‖ s, 64 bytes
 * big-endian. undefined when it cannot be read at all; 64 zero bytes, which no key verifies, when r or s is too large.
 * The tolerance is that of libsecp256k1's ecdsa_signature_parse_der_lax, on which consensus relies before BIP66:
 * the sequence length is not checked, long length forms and leading zeros pass, bytes after s are ignored.
 */
export function parseLaxDer(der: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(COMPACT);
  return readLaxDer(der, out) ? out : undefined;
}

/** The 32 bytes of `bytes` at `at` against as many: negative, zero or positive. */
function compareAt(bytes: Uint8Array, at: number, limit: Uint8Array): number {
  for (let i = 0; i < SCALAR; i++) {
    const d = (bytes[at + i] as number) - (limit[i] as number);
    if (d !== 0) return d;
  }
  return 0;
}

function isZeroAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < SCALAR; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** True for 32 bytes big-endian below the group order (zero included). */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === SCALAR && compareAt(bytes, 0, GROUP_ORDER) < 0;
}

/** True when s of r ‖ s lies in the upper half of the group order (BIP62, BIP146). */
export function hasHighS(compact: Uint8Array): boolean {
  return compareAt(compact, SCALAR, HALF_ORDER) > 0;
}

/** Puts order − s in the place of s. */
function negateS(compact: Uint8Array): void {
  let borrow = 0;
  for (let i = SCALAR - 1; i >= 0; i--) {
    const d = (GROUP_ORDER[i] as number) - (compact[SCALAR + i] as number) - borrow;
    borrow = d < 0 ? 1 : 0;
    compact[SCALAR + i] = d & 0xff;
  }
}

/** r ‖ s with the low one of s and order − s; the argument itself when s is low already. */
export function normalizeS(compact: Uint8Array): Uint8Array {
  if (!hasHighS(compact)) return compact;
  const out = compact.slice();
  negateS(out);
  return out;
}

/** Has a buffer from the start: native calls give one to each small array they meet, which takes longer than all of this file. */
const verifiable = new Uint8Array(new ArrayBuffer(COMPACT));

/**
 * What every ECDSA provider verifies: lax DER → low-S r ‖ s, or undefined when no key can verify it (r or s zero or too
 * large). The array is the same for all calls: use it before the next.
 */
export function verifiableSignature(der: Uint8Array): Uint8Array | undefined {
  if (!readLaxDer(der, verifiable) || isZeroAt(verifiable, 0) || isZeroAt(verifiable, SCALAR)) return undefined;
  if (hasHighS(verifiable)) negateS(verifiable);
  return verifiable;
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
