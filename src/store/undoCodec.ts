import type { CoinChange } from '../chain/ports.ts';
import { readVarint, writeVarint } from '../primitives/varint.ts';
import { type Reader, Writer } from '../util/codec.ts';
import { inSlices, runSteps, type Steps } from '../util/steps.ts';
import { COINS_PER_STEP, readCoin, writeCoin } from './coinCodec.ts';

/** Smallest coin in an undo record: txid, index, code, amount, script kind. */
const MIN_CHANGE = 36;

/** Undo record of a block: CompactSize n, then n × (txid32 ‖ VARINT index ‖ coin record), in the order spent. */
export function encodeUndo(spent: readonly CoinChange[]): Uint8Array {
  return runSteps(encodingUndo(spent));
}

/** encodeUndo in steps. */
export function* encodingUndo(spent: readonly CoinChange[]): Steps<Uint8Array> {
  const w = new Writer(8 + spent.length * 64);
  w.compactSize(spent.length);
  yield* inSlices(spent.length, COINS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) {
      const { outpoint, coin } = spent[i] as CoinChange;
      w.put(outpoint.txid);
      writeVarint(w, outpoint.index);
      writeCoin(w, coin);
    }
  });
  return w.finish();
}

/** Reads what encodeUndo writes. Throws DecodeError. */
export function readUndoRecord(r: Reader): CoinChange[] {
  const n = r.count(MIN_CHANGE, undefined, 'undo count');
  const spent: CoinChange[] = [];
  for (let i = 0; i < n; i++) {
    const txid = r.copy(32, 'undo txid');
    const index = readVarint(r);
    spent.push({ outpoint: { txid, index }, coin: readCoin(r) });
  }
  return spent;
}
