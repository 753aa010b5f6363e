import type { Coin } from '../chain/ports.ts';
import { concatBytes } from '../util/bytes.ts';
import { DecodeError, decodeAll, type Reader, Writer } from '../util/codec.ts';
import { readVarint, readVarintBig, writeVarint } from './varint.ts';

/**
 * Coin record: VARINT(height · 2 + coinbase) ‖ VARINT(compressed amount) ‖ script.
 * Script: VARINT kind, then bytes. kind 0 = P2PKH, 20-byte hash follows; 1 = P2SH, 20-byte hash; 2 and 3 = P2PK with a
 * compressed key whose first byte is the kind, 32 bytes follow; n ≥ 6 = the script itself, n - 6 bytes.
 * As Bitcoin Core's compressor.h, but without its kinds 4 and 5 (they need curve arithmetic to read back).
 */
export function encodeCoin(coin: Coin): Uint8Array {
  const w = new Writer(48);
  writeCoin(w, coin);
  return w.finish();
}

/** Throws DecodeError. The script is a copy: records do not keep the buffer they were read from alive. */
export function decodeCoin(bytes: Uint8Array): Coin {
  return decodeAll(bytes, readCoin, 'coin record');
}

export function writeCoin(w: Writer, coin: Coin): void {
  writeVarint(w, coin.height * 2 + (coin.coinbase ? 1 : 0));
  writeVarint(w, compressAmount(coin.out.value));
  writeScript(w, coin.out.scriptPubKey);
}

export function readCoin(r: Reader): Coin {
  const code = readVarint(r);
  const value = decompressAmount(readVarintBig(r));
  return {
    height: Math.floor(code / 2),
    coinbase: code % 2 === 1,
    out: { value, scriptPubKey: readScript(r) },
  };
}

/** Trailing decimal zeros moved into an exponent, as Bitcoin Core's CompressAmount. */
export function compressAmount(value: bigint): bigint {
  if (value === 0n) return 0n;
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

/** Inverse of compressAmount. */
export function decompressAmount(packed: bigint): bigint {
  if (packed === 0n) return 0n;
  let x = packed - 1n;
  const e = x % 10n;
  x /= 10n;
  if (e === 9n) return (x + 1n) * 10n ** 9n;
  const digit = (x % 9n) + 1n;
  return ((x / 9n) * 10n + digit) * 10n ** e;
}

const RAW = 6;
const P2PKH_HEAD = Uint8Array.of(0x76, 0xa9, 0x14);
const P2PKH_TAIL = Uint8Array.of(0x88, 0xac);
const P2SH_HEAD = Uint8Array.of(0xa9, 0x14);
const P2SH_TAIL = Uint8Array.of(0x87);

function writeScript(w: Writer, s: Uint8Array): void {
  if (s.length === 25 && s[0] === 0x76 && s[1] === 0xa9 && s[2] === 0x14 && s[23] === 0x88 && s[24] === 0xac)
    w.u8(0).put(s.subarray(3, 23));
  else if (s.length === 23 && s[0] === 0xa9 && s[1] === 0x14 && s[22] === 0x87) w.u8(1).put(s.subarray(2, 22));
  else if (s.length === 35 && s[0] === 33 && (s[1] === 2 || s[1] === 3) && s[34] === 0xac)
    w.u8(s[1]).put(s.subarray(2, 34));
  else {
    writeVarint(w, s.length + RAW);
    w.put(s);
  }
}

function readScript(r: Reader): Uint8Array {
  const kind = readVarint(r);
  if (kind === 0) return concatBytes(P2PKH_HEAD, r.take(20, 'key hash'), P2PKH_TAIL);
  if (kind === 1) return concatBytes(P2SH_HEAD, r.take(20, 'script hash'), P2SH_TAIL);
  if (kind === 2 || kind === 3)
    return concatBytes(Uint8Array.of(33, kind), r.take(32, 'public key'), Uint8Array.of(0xac));
  if (kind < RAW) throw new DecodeError(`coin record: unknown script kind ${kind}`);
  return r.take(kind - RAW, 'script').slice();
}
