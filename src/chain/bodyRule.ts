import type { Block } from '../primitives/block.ts';
import { broken, type Check, PASSED } from '../primitives/rules.ts';
import type { HeaderChainReader } from './chain.ts';
import type { IndexEntry } from './headerIndex.ts';

/** Heights above the tip at which a block nobody asked for is still kept (Bitcoin Core MIN_BLOCKS_TO_KEEP). */
export const MAX_AHEAD = 288;

/**
 * May the body of `entry` take room on disk? Anyone can send blocks, so unasked ones are kept only when
 *   - they lie at most MAX_AHEAD above the tip, and
 *   - they have at least the tip's work, or stand on the best header's branch, which has more.
 * Whoever asked for a block (`requested`) bounds what it asks for. As Bitcoin Core's AcceptBlock with fRequested.
 */
export function checkWorthStoring(
  entry: IndexEntry,
  at: { readonly tip: IndexEntry; readonly best: IndexEntry; readonly requested: boolean },
): Check {
  if (at.requested) return PASSED;
  const { tip, best } = at;
  if (entry.height > tip.height + MAX_AHEAD)
    return broken('block-too-far-ahead', `height ${entry.height}, the tip is at ${tip.height}`);
  if (entry.chainWork >= tip.chainWork) return PASSED;
  if (best.chainWork > tip.chainWork && best.ancestor(entry.height) === entry) return PASSED;
  return broken('too-little-chainwork', `${entry.header.id} is on a branch with less work than the tip's`);
}

/** May a block of so many bytes be kept now? Broken with 'no-disk-space' when not. */
export type Room = (bytes: number) => Promise<Check>;

/**
 * Is there room for a block that is not here yet? Asked before its header is taken: one whose body nobody else has (a block
 * made here) would stay for good.
 */
export async function checkRoom(block: Block, chain: Pick<HeaderChainReader, 'entry'>, room?: Room): Promise<Check> {
  if (room === undefined || chain.entry(block.header.hash)?.hasBody === true) return PASSED;
  return room(block.size);
}
