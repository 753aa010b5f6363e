import { secp } from '../crypto/secp.ts';
import { concatBytes } from '../util/bytes.ts';
import { DecodeError, type Reader, type Writer } from '../util/codec.ts';
import { payToPubKeyHash, payToScriptHash, pubKeyHashOf, scriptHashOf } from './outputScript.ts';
import { readVarint, writeVarint } from './varint.ts';

/**
 * Bitcoin Core's compressor.h: short forms of the amounts and scripts of outputs, used on disk and in snapshots of the
 * coin set. A script is VARINT kind, then bytes: kind 0 = P2PKH, 20-byte hash follows; 1 = P2SH, 20-byte hash; 2 and 3 =
 * P2PK with a compressed key whose first byte is the kind, 32 bytes follow; 4 and 5 = P2PK with an uncompressed key on the
 * curve, its x follows, the kind's last bit is that of y; n ≥ 6 = the script itself, n - 6 bytes.
 */

/** Up to this amount the compressed form, at most nine times as large, is exact as a number. */
const MAX_NUMBER = 9e14;

/** Trailing decimal zeros moved into an exponent, as Bitcoin Core's CompressAmount. A number where that is exact: much faster. */
export function compressAmount(value: bigint): bigint | number {
  if (value <= MAX_NUMBER && value >= 0n) return compressNumber(Number(value));
  let n = value;
  let e = 0n;
  while (n % 10n === 0n && e < 9n) {
    n /= 10n;
    e++;
  }
  if (e === 9n) return 1n + (n - 1n) * 10n + 9n;
  const digit = n % 10n;
  return 1n + ((n / 10n) * 9n + digit - 1n) * 10n + e;
}

function compressNumber(value: number): number {
  if (value === 0) return 0;
  let n = value;
  let e = 0;
  for (; e < 9 && n % 10 === 0; e++) n /= 10;
  if (e === 9) return 1 + (n - 1) * 10 + 9;
  const digit = n % 10;
  return 1 + (((n - digit) / 10) * 9 + digit - 1) * 10 + e;
}

/** Inverse of compressAmount. */
export function decompressAmount(packed: bigint): bigint {
  if (packed <= Number.MAX_SAFE_INTEGER) {
    const value = decompressNumber(Number(packed));
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value);
  }
  let x = packed - 1n;
  const e = x % 10n;
  x /= 10n;
  if (e === 9n) return (x + 1n) * 10n ** 9n;
  const digit = (x % 9n) + 1n;
  return ((x / 9n) * 10n + digit) * 10n ** e;
}

/** Above MAX_SAFE_INTEGER when the value may not be exact. `packed`: 0 … MAX_SAFE_INTEGER. */
function decompressNumber(packed: number): number {
  if (packed === 0) return 0;
  const e = (packed - 1) % 10;
  const x = (packed - 1 - e) / 10;
  if (e === 9) return (x + 1) * 1e9;
  const digit = (x % 9) + 1;
  return (Math.floor(x / 9) * 10 + digit) * 10 ** e;
}

/** VARINT of the compressed amount, 0 … 2^63 - 1. */
export function writeAmount(w: Writer, value: bigint): void {
  writeVarint(w, compressAmount(value));
}

const RAW = 6;
const CHECKSIG = Uint8Array.of(0xac);

/** Without kinds 4 and 5, whose reading needs curve arithmetic: how our own records are written. */
export function writeScript(w: Writer, s: Uint8Array): void {
  const keyHash = pubKeyHashOf(s);
  const scriptHash = keyHash === undefined ? scriptHashOf(s) : undefined;
  if (keyHash !== undefined) w.u8(0).put(keyHash);
  else if (scriptHash !== undefined) w.u8(1).put(scriptHash);
  else if (s.length === 35 && s[0] === 33 && (s[1] === 2 || s[1] === 3) && s[34] === 0xac)
    w.u8(s[1]).put(s.subarray(2, 34));
  else {
    writeVarint(w, s.length + RAW);
    w.put(s);
  }
}

/** With kinds 4 and 5, byte for byte as Bitcoin Core writes it. */
export function writeScriptAsCore(w: Writer, s: Uint8Array): void {
  const uncompressed = s.length === 67 && s[0] === 65 && s[1] === 4 && s[66] === 0xac;
  if (uncompressed && secp().isPublicKey(s.subarray(1, 66))) {
    w.u8(4 | ((s[65] as number) & 1)).put(s.subarray(2, 34));
  } else writeScript(w, s);
}

/** Any of the kinds that writeScript makes; the script is a copy. Throws DecodeError, also above `maxLength` bytes. */
export function readScript(r: Reader, maxLength?: number): Uint8Array {
  return scriptOf(readVarint(r), r, maxLength);
}

/** Any kind; the script is a copy. Throws DecodeError, also for a key that is not on the curve. */
export function readScriptAsCore(r: Reader, maxLength?: number): Uint8Array {
  const kind = readVarint(r);
  if (kind !== 4 && kind !== 5) return scriptOf(kind, r, maxLength);
  const compressed = concatBytes(Uint8Array.of(kind - 2), r.take(32, 'public key'));
  const key = secp().convertPublicKey(compressed, false);
  if (key === undefined) throw new DecodeError('compressed script: public key is not on the curve');
  return concatBytes(Uint8Array.of(65), key, CHECKSIG);
}

function scriptOf(kind: number, r: Reader, maxLength = Number.MAX_SAFE_INTEGER): Uint8Array {
  if (kind === 0) return payToPubKeyHash(r.take(20, 'key hash'));
  if (kind === 1) return payToScriptHash(r.take(20, 'script hash'));
  if (kind === 2 || kind === 3) return concatBytes(Uint8Array.of(33, kind), r.take(32, 'public key'), CHECKSIG);
  if (kind < RAW) throw new DecodeError(`compressed script: unknown kind ${kind}`);
  if (kind - RAW > maxLength) throw new DecodeError(`compressed script: ${kind - RAW} bytes are above ${maxLength}`);
  return r.copy(kind - RAW, 'script');
}
