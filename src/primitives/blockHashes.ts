import { hash256Each } from '../crypto/hash.ts';
import { type Hash256, ZERO_HASH } from './hash.ts';
import { type MerkleRoot, merkleRoot } from './merkle.ts';
import { type EncodedTx, txidsOf } from './tx.ts';

/** All hashes of a block that its transactions' bytes decide: several threads can make them for several blocks. */
export interface BlockHashes {
  /** txid ‖ wtxid of every transaction, 64 bytes each, internal byte order. */
  readonly ids: Uint8Array;
  /** Over the txids. */
  readonly txRoot: MerkleRoot;
  /** Over the wtxids, the coinbase's taken as zero (BIP141). */
  readonly witnessRoot: MerkleRoot;
}

const HASH = 32;

/** Hashes a block's transactions, in block order. */
export function hashTransactions(txs: readonly EncodedTx[]): BlockHashes {
  const txids = txidsOf(txs);
  const witnessed = txs.filter(({ bytes, strippedSize }) => bytes.length !== strippedSize);
  const hashed = hash256Each(witnessed.map(({ bytes }) => bytes));
  let next = 0;
  const wtxids = txs.map(({ bytes, strippedSize }, i) =>
    bytes.length === strippedSize ? (txids[i] as Hash256) : (hashed[next++] as Hash256),
  );
  const ids = new Uint8Array(2 * HASH * txs.length);
  for (let i = 0; i < txs.length; i++) {
    ids.set(txids[i] as Hash256, 2 * HASH * i);
    ids.set(wtxids[i] as Hash256, 2 * HASH * i + HASH);
  }
  if (wtxids.length > 0) wtxids[0] = ZERO_HASH;
  return { ids, txRoot: merkleRoot(txids), witnessRoot: merkleRoot(wtxids) };
}
