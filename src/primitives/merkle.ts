import { hash256 } from '../crypto/hash.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { type Hash256, ZERO_HASH } from './hash.ts';
import type { Tx } from './tx.ts';

/** Root of Bitcoin's merkle tree and whether two equal nodes stood side by side (CVE-2012-2459: the list may be mutated). */
export function merkleRoot(leaves: readonly Hash256[]): { readonly root: Hash256; readonly mutated: boolean } {
  if (leaves.length === 0) return { root: ZERO_HASH, mutated: false };
  let level: readonly Hash256[] = leaves;
  let mutated = false;
  while (level.length > 1) {
    const next: Hash256[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Hash256;
      const right = level[i + 1] ?? left;
      if (i + 1 < level.length && equalBytes(left, right)) mutated = true;
      next.push(hash256(concatBytes(left, right)));
    }
    level = next;
  }
  return { root: level[0] as Hash256, mutated };
}

/** Merkle root over txids. */
export function txMerkleRoot(txs: readonly Tx[]): { readonly root: Hash256; readonly mutated: boolean } {
  return merkleRoot(txs.map((tx) => tx.txid));
}

/** BIP141 witness root: wtxids, with the coinbase's taken as zero. */
export function witnessMerkleRoot(txs: readonly Tx[]): { readonly root: Hash256; readonly mutated: boolean } {
  return merkleRoot(txs.map((tx, i) => (i === 0 ? ZERO_HASH : tx.wtxid)));
}
