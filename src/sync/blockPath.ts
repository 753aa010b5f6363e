import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import { isUsable } from './peerTips.ts';

/**
 * The next blocks that a branch lacks: from its fork with the active chain upwards, entries without body, lowest first,
 * none higher than `window` above the first of them. Empty when the branch is invalid or whole.
 */
export function missingBlocks(
  chain: Pick<ChainReader, 'ancestor' | 'isActive' | 'tip'>,
  target: HeaderEntry,
  window: number,
): readonly HeaderEntry[] {
  if (!isUsable(target)) return [];
  let fork = chain.ancestor(target, Math.min(target.height, chain.tip().height));
  while (fork !== undefined && !chain.isActive(fork)) fork = fork.parent;
  if (fork === undefined) return [];
  for (let from = fork.height; from < target.height; ) {
    const to = Math.min(target.height, from + window);
    const missing: HeaderEntry[] = [];
    for (let e = chain.ancestor(target, to); e !== undefined && e.height > from; e = e.parent) {
      if (!e.hasBody) missing.push(e);
    }
    const lowest = missing.at(-1);
    if (lowest !== undefined) return missing.reverse();
    from = to;
  }
  return [];
}
