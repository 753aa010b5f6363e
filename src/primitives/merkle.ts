import { hash256Tree } from '../crypto/hash.ts';
import { inSlices, runSteps, type Steps } from '../util/steps.ts';
import { type Hash256, ZERO_HASH } from './hash.ts';
import { TXS_PER_STEP, Tx } from './tx.ts';

/**
 * Bytes of two merkle nodes side by side: a transaction of that size without witness could be taken for an inner node of the
 * tree, and an inner node for a transaction (BIP54; CVE-2017-12842). Shorter and longer ones cannot.
 */
export const NODE_PAIR_SIZE = 64;

/** Root of Bitcoin's merkle tree and whether two equal nodes stood side by side (CVE-2012-2459: the list may be mutated). */
export interface MerkleRoot {
  readonly root: Hash256;
  readonly mutated: boolean;
}

/** The root over these leaves; zero when there are none. */
export function merkleRoot(leaves: readonly Hash256[]): MerkleRoot {
  return leaves.length === 0 ? { root: ZERO_HASH, mutated: false } : hash256Tree(leaves);
}

/** Merkle root over txids. */
export function txMerkleRoot(txs: readonly Tx[]): MerkleRoot {
  return runSteps(makingTxMerkleRoot(txs));
}

/** txMerkleRoot in steps. */
export function* makingTxMerkleRoot(txs: readonly Tx[]): Steps<MerkleRoot> {
  yield* inSlices(txs.length, TXS_PER_STEP, (from, to) => Tx.hashTxids(txs.slice(from, to)));
  return merkleRoot(txs.map((tx) => tx.txid));
}

/** BIP141 witness root: wtxids, with the coinbase's taken as zero. */
export function witnessMerkleRoot(txs: readonly Tx[]): MerkleRoot {
  return runSteps(makingWitnessMerkleRoot(txs));
}

/** witnessMerkleRoot in steps. */
export function* makingWitnessMerkleRoot(txs: readonly Tx[]): Steps<MerkleRoot> {
  yield* inSlices(txs.length, TXS_PER_STEP, (from, to) => Tx.hashWtxids(txs.slice(Math.max(1, from), to)));
  return merkleRoot(txs.map((tx, i) => (i === 0 ? ZERO_HASH : tx.wtxid)));
}
