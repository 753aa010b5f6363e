import type { ChainManager } from '../../chain/chainManager.ts';
import type { PastValidation } from '../../chain/pastValidation.ts';
import type { BlockSyncChain, BlockSyncDeps } from '../../sync/blockSync.ts';
import type { PeerTip, PeerTips } from '../../sync/peerTips.ts';

/** The chain as a download of the blocks between `past.tip` and the base sees it. */
export function chainBelow(chain: ChainManager, past: PastValidation): BlockSyncChain {
  return {
    events: chain.events,
    tip: () => past.tip,
    isActive: (entry) => entry.height <= past.tip.height && chain.ancestor(past.tip, entry.height) === entry,
    ancestor: (of, height) => chain.ancestor(of, height),
    entry: (hash) => chain.entry(hash),
    async acceptBlock(block, options) {
      const verdict = await chain.acceptBlock(block, options);
      past.wake();
      return verdict;
    },
  };
}

/** What peers have of the blocks up to the base. */
export function tipsBelow(chain: ChainManager, tips: PeerTips, { base }: PastValidation): BlockSyncDeps['tips'] {
  return {
    events: tips.events,
    refresh: () => tips.refresh(),
    all: () =>
      tips
        .all()
        .filter(({ known }) => known !== undefined && chain.ancestor(known, base.height) === base)
        .map((peer): PeerTip => ({ ...peer, known: base })),
  };
}
