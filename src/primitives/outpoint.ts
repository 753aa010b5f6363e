import { compareBytes, equalBytes } from '../util/bytes.ts';
import type { Reader, Writer } from '../util/codec.ts';
import { displayHash, type Hash256, isZeroHash, numberedHashKey } from './hash.ts';

/** Names one output: the txid (internal byte order) and the output's index. */
export interface OutPoint {
  readonly txid: Hash256;
  readonly index: number;
}

export const NULL_INDEX = 0xffffffff;

export function readOutPoint(r: Reader): OutPoint {
  const txid = r.take(32, 'prevout txid');
  return { txid, index: r.u32('prevout index') };
}

export function writeOutPoint(w: Writer, o: OutPoint): void {
  w.put(o.txid).u32(o.index);
}

/** True for the prevout of a coinbase input: zero txid, index 0xffffffff. */
export function isNullOutPoint(o: OutPoint): boolean {
  return o.index === NULL_INDEX && isZeroHash(o.txid);
}

/** True when both name the same output. */
export function sameOutPoint(a: OutPoint, b: OutPoint): boolean {
  return a.index === b.index && equalBytes(a.txid, b.txid);
}

/** Map key: opaque, as hashKey. */
export function outPointKey(o: OutPoint): string {
  return numberedHashKey(o.txid, o.index);
}

/** Order of keys in the coin set: transaction ids as bytes, then indexes. Negative, zero or positive. */
export function compareOutPoints(a: OutPoint, b: OutPoint): number {
  return compareBytes(a.txid, b.txid) || a.index - b.index;
}

/** "txid:index" as people write it. */
export function displayOutPoint(o: OutPoint): string {
  return `${displayHash(o.txid)}:${o.index}`;
}
