import { hash256, hash256Each } from '../crypto/hash.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { decodeAll, type Reader, Writer } from '../util/codec.ts';
import { displayHash, type Hash256, ZERO_HASH } from './hash.ts';
import { type BlockHeader, readHeader, writeHeader } from './header.ts';
import { MAX_BLOCK_WEIGHT } from './limits.ts';
import { broken, type Check, passed } from './rules.ts';
import { WITNESS_SCALE } from './tx.ts';

/** No valid transaction has fewer bytes without witness (Bitcoin Core MIN_TRANSACTION_WEIGHT). */
const MIN_VALID_TX = 60;
/** No valid block has more transactions (Bitcoin Core's bound in CPartialMerkleTree). */
export const MAX_PROOF_TXS = Math.floor(MAX_BLOCK_WEIGHT / (WITNESS_SCALE * MIN_VALID_TX));
/** A tree over n leaves has fewer than 2n + 16 nodes at this size, and a proof has at most one bit for each. */
const MAX_BIT_BYTES = Math.ceil((2 * MAX_PROOF_TXS + 16) / 8);

/**
 * Proof that some transactions are in a block (BIP37): the nodes of the merkle tree visited depth first, one bit each
 * (does a proven transaction lie below?), and a hash for every node whose subtree is cut off or which is a proven leaf.
 */
export interface PartialMerkleTree {
  readonly txCount: number;
  readonly hashes: readonly Hash256[];
  /** Padded with false to a multiple of eight when it was decoded. */
  readonly bits: readonly boolean[];
}

/** BIP37's merkleblock: what gettxoutproof gives. */
export interface MerkleBlock {
  readonly header: BlockHeader;
  readonly tree: PartialMerkleTree;
}

/** A transaction that a proof shows to be in the block, by its place among the block's transactions. */
export interface ProvenTx {
  readonly txid: Hash256;
  readonly index: number;
}

/** Nodes of the tree at `height` above the leaves. */
function widthAt(txCount: number, height: number): number {
  return Math.ceil(txCount / 2 ** height);
}

function heightOf(txCount: number): number {
  let height = 0;
  while (widthAt(txCount, height) > 1) height++;
  return height;
}

/** Proof for the transactions whose `included` flag is set. `txids` are those of the whole block, at least one, in order. */
export function buildPartialMerkleTree(
  txids: readonly Hash256[],
  included: (txid: Hash256, index: number) => boolean,
): PartialMerkleTree {
  const height = heightOf(txids.length);
  const levels: (readonly Hash256[])[] = [txids];
  const matches: (readonly boolean[])[] = [txids.map(included)];
  for (let h = 1; h <= height; h++) {
    const below = levels[h - 1] as readonly Hash256[];
    const marked = matches[h - 1] as readonly boolean[];
    const pairs: Uint8Array[] = [];
    const match: boolean[] = [];
    for (let i = 0; i < below.length; i += 2) {
      const left = below[i] as Hash256;
      pairs.push(concatBytes(left, below[i + 1] ?? left));
      match.push(marked[i] === true || marked[i + 1] === true);
    }
    levels.push(hash256Each(pairs));
    matches.push(match);
  }
  const hashes: Hash256[] = [];
  const bits: boolean[] = [];
  const visit = (h: number, at: number): void => {
    const match = matches[h]?.[at] as boolean;
    bits.push(match);
    if (h === 0 || !match) hashes.push(levels[h]?.[at] as Hash256);
    else {
      visit(h - 1, 2 * at);
      if (2 * at + 1 < widthAt(txids.length, h - 1)) visit(h - 1, 2 * at + 1);
    }
  };
  visit(height, 0);
  return { txCount: txids.length, hashes, bits };
}

/**
 * Walks the proof. Gives the merkle root it leads to and the proven transactions, or 'bad-answer' for each way in which a
 * proof can be malformed (Bitcoin Core's CPartialMerkleTree::ExtractMatches). The root still has to be compared with the
 * header's: verifyMerkleBlock does.
 */
export function extractMatches(
  tree: PartialMerkleTree,
): Check<{ readonly root: Hash256; readonly matches: readonly ProvenTx[] }> {
  const { txCount, hashes, bits } = tree;
  const bad = (detail: string) => broken('bad-answer', `merkle proof: ${detail}`);
  if (txCount === 0) return bad('block without transactions');
  if (txCount > MAX_PROOF_TXS) return bad(`${txCount} transactions are more than a block can hold`);
  if (hashes.length > txCount) return bad(`${hashes.length} hashes for ${txCount} transactions`);
  if (bits.length < hashes.length) return bad(`${bits.length} bits for ${hashes.length} hashes`);

  const matches: ProvenTx[] = [];
  let bitsUsed = 0;
  let hashesUsed = 0;
  let fault: string | undefined;
  const visit = (height: number, at: number): Hash256 => {
    if (bitsUsed >= bits.length) {
      fault ??= 'too few bits';
      return ZERO_HASH;
    }
    const match = bits[bitsUsed++] as boolean;
    if (height === 0 || !match) {
      const hash = hashes[hashesUsed++];
      if (hash === undefined) {
        fault ??= 'too few hashes';
        return ZERO_HASH;
      }
      if (height === 0 && match) matches.push({ txid: hash, index: at });
      return hash;
    }
    const left = visit(height - 1, 2 * at);
    if (2 * at + 1 >= widthAt(txCount, height - 1)) return hash256(concatBytes(left, left));
    const right = fault === undefined ? visit(height - 1, 2 * at + 1) : ZERO_HASH;
    // Equal branches would let one transaction be shown at two places (CVE-2012-2459).
    if (equalBytes(left, right)) fault ??= 'identical left and right branch';
    return hash256(concatBytes(left, right));
  };
  const root = visit(heightOf(txCount), 0);
  if (fault !== undefined) return bad(fault);
  // All bits but the padding of the last byte must be used.
  if (Math.ceil(bitsUsed / 8) !== Math.ceil(bits.length / 8)) return bad(`${bits.length - bitsUsed} bits unused`);
  if (hashesUsed !== hashes.length) return bad(`${hashes.length - hashesUsed} hashes unused`);
  return passed({ root, matches });
}

/** The transactions that the proof shows to be in the block of its header; whether that block is in the chain is the caller's question. */
export function verifyMerkleBlock({ header, tree }: MerkleBlock): Check<readonly ProvenTx[]> {
  const extracted = extractMatches(tree);
  if (!extracted.ok) return extracted;
  if (!equalBytes(extracted.value.root, header.merkleRoot)) {
    return broken('bad-answer', `merkle proof: its root ${displayHash(extracted.value.root)} is not the header's`);
  }
  return passed(extracted.value.matches);
}

/** header80 ‖ txCount u32 ‖ hashes ‖ bits as bytes, least significant bit first. */
export function encodeMerkleBlock({ header, tree }: MerkleBlock): Uint8Array {
  const w = new Writer(128 + tree.hashes.length * 32 + tree.bits.length / 8);
  writeHeader(w, header);
  w.u32(tree.txCount).compactSize(tree.hashes.length);
  for (const hash of tree.hashes) w.put(hash);
  const bytes = new Uint8Array(Math.ceil(tree.bits.length / 8));
  tree.bits.forEach((bit, i) => {
    if (bit) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
  });
  return w.varBytes(bytes).finish();
}

/** Reads what encodeMerkleBlock writes; hashes and bits are bounded by the bytes that are there. Throws DecodeError. */
export function readMerkleBlock(r: Reader): MerkleBlock {
  const header = readHeader(r);
  const txCount = r.u32('proof transaction count');
  const hashCount = r.count(32, MAX_PROOF_TXS, 'proof hash count');
  const hashes: Hash256[] = [];
  for (let i = 0; i < hashCount; i++) hashes.push(r.take(32, 'proof hash').slice());
  const bytes = r.varBytes(MAX_BIT_BYTES, 'proof bits');
  const bits: boolean[] = [];
  for (const byte of bytes) for (let i = 0; i < 8; i++) bits.push(((byte >>> i) & 1) !== 0);
  return { header, tree: { txCount, hashes, bits } };
}

/** All of `bytes`. Throws DecodeError. */
export function decodeMerkleBlock(bytes: Uint8Array): MerkleBlock {
  return decodeAll(bytes, readMerkleBlock, 'merkle block');
}
