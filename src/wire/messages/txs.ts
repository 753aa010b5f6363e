import type { Hash256 } from '../../primitives/hash.ts';
import { decodeTx, type Tx } from '../../primitives/tx.ts';
import { compactSizeLength, DecodeError, decodeAll } from '../../util/codec.ts';
import { written } from './fields.ts';
import { decodeHashes, encodeHashes } from './mempool.ts';
import { MAX_GOSSIP_TX, MAX_LIST_BYTES } from './types.ts';

/** Ids per request: a hundred transactions of usual size stay far below the answer's byte limit. */
export const MAX_TXS = 100;

/** `CompactSize n, n × id32`: wtxids, or txids where only those are known (parents of an orphan). Type 11. */
export function encodeTxsRequest(ids: readonly Hash256[]): Uint8Array {
  return encodeHashes(ids);
}

/** Throws DecodeError. */
export function decodeTxsRequest(bytes: Uint8Array): Hash256[] {
  return decodeHashes(bytes, MAX_TXS, 'TXS request');
}

/** `CompactSize n, n × (CompactSize length, raw tx)`: those the server has, in the order asked, cut at 1 MiB. */
export function encodeTxs(txs: Iterable<Tx>): Uint8Array {
  const fit: Tx[] = [];
  let bytes = 3;
  for (const tx of txs) {
    bytes += compactSizeLength(tx.size) + tx.size;
    if (fit.length === MAX_TXS || bytes > MAX_LIST_BYTES) break;
    fit.push(tx);
  }
  return written(bytes, (w) => {
    w.compactSize(fit.length);
    for (const tx of fit) w.varBytes(tx.bytes);
  });
}

/** Transactions are decoded from copies: the pool keeps them longer than the answer. Throws DecodeError. */
export function decodeTxs(bytes: Uint8Array): Tx[] {
  if (bytes.length > MAX_LIST_BYTES) throw new DecodeError(`TXS: ${bytes.length} bytes`);
  return decodeAll(
    bytes,
    (r) => {
      const n = r.count(11, MAX_TXS, 'TXS');
      const txs: Tx[] = [];
      for (let i = 0; i < n; i++) txs.push(decodeTx(r.varBytes(MAX_GOSSIP_TX, 'transaction').slice()));
      return txs;
    },
    'TXS',
  );
}
