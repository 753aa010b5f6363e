import { equalBytes } from '../util/bytes.ts';

const HASH = 32;
const PAIR = 64;

/** A merkle root, and whether two equal nodes stood side by side (CVE-2012-2459: the list may be mutated). */
export interface MerkleResult {
  readonly root: Uint8Array;
  readonly mutated: boolean;
}

/** Many hashes in one call. Results equal those of hash256 one by one. */
export interface HashBatches {
  /** hash256 of each 64 bytes, one after the other: 64 n bytes → 32 n bytes. */
  hash256Pairs(nodes: Uint8Array): Uint8Array;
  /** hash256 of every message, in order. */
  hash256Each(messages: readonly Uint8Array[]): Uint8Array[];
  /** Root of Bitcoin's merkle tree over one or more leaves of 32 bytes; an odd last node is paired with itself. */
  hash256Tree(leaves: readonly Uint8Array[]): MerkleResult;
}

/** `parts` of 32 bytes one after another, with room for one more. */
function nodesOf(parts: readonly Uint8Array[]): Uint8Array {
  const nodes = new Uint8Array(HASH * (parts.length + 1));
  for (const [i, part] of parts.entries()) nodes.set(part, HASH * i);
  return nodes;
}

/** hash256Tree level by level. Throws RangeError without leaves. */
export function merkleByLevels(
  leaves: readonly Uint8Array[],
  hash256Pairs: (nodes: Uint8Array) => Uint8Array,
): MerkleResult {
  if (leaves.length === 0) throw new RangeError('a merkle tree without leaves has no root');
  let nodes = nodesOf(leaves);
  let mutated = false;
  for (let n = leaves.length; n > 1; n = (n + 1) >> 1) {
    for (let at = 0; at + PAIR <= HASH * n && !mutated; at += PAIR)
      mutated = equalBytes(nodes.subarray(at, at + HASH), nodes.subarray(at + HASH, at + PAIR));
    if (n % 2 === 1) nodes.copyWithin(HASH * n, HASH * (n - 1), HASH * n);
    const next = hash256Pairs(nodes.subarray(0, PAIR * ((n + 1) >> 1)));
    nodes = new Uint8Array(next.length + HASH);
    nodes.set(next);
  }
  return { root: nodes.slice(0, HASH), mutated };
}

/** The batches of a provider that hashes one message per call. */
export function oneByOne(hash256: (data: Uint8Array) => Uint8Array): HashBatches {
  const hash256Pairs = (nodes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(nodes.length / 2);
    for (let at = 0; at < nodes.length; at += PAIR) out.set(hash256(nodes.subarray(at, at + PAIR)), at / 2);
    return out;
  };
  return {
    hash256Pairs,
    hash256Each: (messages) => messages.map(hash256),
    hash256Tree: (leaves) => merkleByLevels(leaves, hash256Pairs),
  };
}
