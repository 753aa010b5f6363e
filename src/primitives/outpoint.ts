import type { Reader, Writer } from '../util/codec.ts';
import { displayHash, type Hash256, hashKey, isZeroHash } from './hash.ts';

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

/** Map key. */
export function outPointKey(o: OutPoint): string {
  return hashKey(o.txid) + o.index.toString(16).padStart(8, '0');
}

/** "txid:index" as people write it. */
export function displayOutPoint(o: OutPoint): string {
  return `${displayHash(o.txid)}:${o.index}`;
}
