import type { Coin } from '../chain/ports.ts';
import { decompressAmount, readScript, writeAmount, writeScript } from '../primitives/txOutCompression.ts';
import { readVarint, readVarintBig, writeVarint } from '../primitives/varint.ts';
import { decodeAll, type Reader, Writer } from '../util/codec.ts';

/** Coins in one step of work on many: some tenths of a millisecond, a few milliseconds while the code is cold. */
export const COINS_PER_STEP = 500;

/**
 * Coin record: VARINT(height · 2 + coinbase) ‖ VARINT(compressed amount) ‖ script.
 * As Bitcoin Core's, but for scripts without kinds 4 and 5 (primitives/txOutCompression.ts): they need curve arithmetic to
 * read back.
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
  writeAmount(w, coin.out.value);
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
