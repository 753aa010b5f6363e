import { taggedHasher } from '../crypto/hash.ts';
import { secp } from '../crypto/secp.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { compareBytes, equalBytes } from '../util/bytes.ts';
import { Writer } from '../util/codec.ts';

/** BIP341: how a taproot output commits to scripts. */

/** First byte of a control block without the parity bit: which script version the leaf has. */
export const LEAF_VERSION_MASK = 0xfe;
export const LEAF_VERSION_TAPSCRIPT = 0xc0;

/** Leaf version with parity 1 byte, internal key 32. */
const CONTROL_BASE_SIZE = 33;
const CONTROL_NODE_SIZE = 32;
const CONTROL_MAX_NODES = 128;

const tapLeaf = taggedHasher('TapLeaf');
const tapBranch = taggedHasher('TapBranch');
const tapTweak = taggedHasher('TapTweak');

/** True for 33 + 32·m bytes, 0 ≤ m ≤ 128. */
export function isControlBlockSize(size: number): boolean {
  const path = size - CONTROL_BASE_SIZE;
  return path >= 0 && path % CONTROL_NODE_SIZE === 0 && path <= CONTROL_NODE_SIZE * CONTROL_MAX_NODES;
}

/** Hashed and forgotten, leaf after leaf. */
const leaf = new Writer(256);

/** The leaf of `script` in the tree. */
export function tapLeafHash(leafVersion: number, script: Uint8Array): Hash256 {
  return tapLeaf(leaf.restart().u8(leafVersion).varBytes(script).written());
}

/** The node above two others, in lexicographic order. */
export function tapBranchHash(a: Hash256, b: Hash256): Hash256 {
  return compareBytes(a, b) < 0 ? tapBranch(a, b) : tapBranch(b, a);
}

/** The root that the path in a control block (of valid size) leads to from a leaf. */
export function merkleRootOf(control: Uint8Array, leaf: Hash256): Hash256 {
  let node = leaf;
  for (let at = CONTROL_BASE_SIZE; at < control.length; at += CONTROL_NODE_SIZE)
    node = tapBranchHash(node, control.subarray(at, at + CONTROL_NODE_SIZE));
  return node;
}

/** What is added to an internal key: over the key alone, or over key and root when there are scripts. */
export function tapTweakHash(internalKey: Uint8Array, merkleRoot: Hash256 | undefined): Hash256 {
  return merkleRoot === undefined ? tapTweak(internalKey) : tapTweak(internalKey, merkleRoot);
}

/** Does the output key (32 bytes x) commit to this leaf by the internal key, path and parity of the control block? */
export function checkTaprootCommitment(control: Uint8Array, outputKey: Uint8Array, leaf: Hash256): boolean {
  const internalKey = control.subarray(1, CONTROL_BASE_SIZE);
  const tweaked = secp().tweakAddXOnly(internalKey, tapTweakHash(internalKey, merkleRootOf(control, leaf)));
  if (tweaked === undefined) return false;
  return tweaked.parity === ((control[0] as number) & 1) && equalBytes(tweaked.xOnly, outputKey);
}
