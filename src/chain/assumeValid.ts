import type { Hash256 } from '../primitives/hash.ts';
import type { HeaderIndex, IndexEntry } from './headerIndex.ts';

/** What the operator or the network takes for granted. */
export interface AssumeValid {
  /** Scripts of this block and its ancestors are taken to be valid. Undefined: none are. */
  readonly block: Hash256 | undefined;
  /** … on a chain with at least this much work, expected hashes. */
  readonly minChainWork: bigint;
  /** Seconds between blocks. */
  readonly spacing: number;
}

/** Seconds of the best header's work that must lie on top of a block: it could not have been made up in a hurry. */
const BURIED_SECONDS = 14n * 24n * 3600n;

/** Seconds that the work between two entries would take at the difficulty of `tip` (Bitcoin Core GetBlockProofEquivalentTime). */
function secondsBetween(from: IndexEntry, tip: IndexEntry, spacing: number): bigint {
  const proof = tip.chainWork - (tip.parent?.chainWork ?? 0n);
  return ((tip.chainWork - from.chainWork) * BigInt(spacing)) / proof;
}

/**
 * May the scripts of `entry` be taken to be valid? As Bitcoin Core's ConnectBlock with -assumevalid: the named block is a
 * known header, `entry` is it or an ancestor, both lie on the best header's branch, that branch has the minimum work, and
 * two weeks of work lie on top of `entry`. Everything but scripts is judged as ever.
 */
export function isAssumedValid(
  entry: IndexEntry,
  assumed: AssumeValid,
  at: { readonly index: HeaderIndex; readonly best: IndexEntry },
): boolean {
  if (assumed.block === undefined) return false;
  const block = at.index.get(assumed.block);
  if (block === undefined || block.ancestor(entry.height) !== entry) return false;
  const { best } = at;
  if (best.ancestor(entry.height) !== entry || best.chainWork < assumed.minChainWork) return false;
  return secondsBetween(entry, best, assumed.spacing) > BURIED_SECONDS;
}
