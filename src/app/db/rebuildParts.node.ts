import { judgeFor } from '../../consensus/registry.ts';
import type { Network } from '../../params/network.ts';
import type { RebuildParts } from '../../store/openStores.node.ts';
import type { Rebuild } from '../../store/rebuild.ts';
import type { Clock } from '../../util/ports.ts';
import { RebuildProgress, type RebuildProgressParts } from './rebuildProgress.ts';
import { reindexBlocks } from './reindex.ts';

/** Damaged records told one by one; the others are counted. */
const MAX_TOLD = 100;

/** How the index of blocks is made anew when the store is opened. */
export function rebuildParts(
  parts: RebuildProgressParts & {
    readonly network: Network;
    readonly clock: Clock;
    readonly wanted: Rebuild | undefined;
    /** Ends the reading of files with an error; the next start reads them again. */
    readonly stop?: AbortSignal | undefined;
  },
): RebuildParts {
  const { network, clock, wanted, log, stop } = parts;
  return {
    wanted,
    async index(store, fs) {
      log.info({}, 'making the index of blocks anew from the block files');
      const progress = new RebuildProgress(parts);
      let skipped = 0;
      const done = await reindexBlocks({
        ...{ network, judge: judgeFor(network), store, fs, stop, nowMs: clock.nowMs() },
        progress: (read, total) => progress.reading(read, total),
        skipped(path, offset, reason) {
          if (skipped++ < MAX_TOLD)
            log.warn({ path, offset, reason }, 'record skipped: what it held will be downloaded again');
        },
      });
      const { blocks, orphans } = done;
      log.info({ blocks, skipped, orphans }, 'index of blocks made anew');
      return done.end;
    },
  };
}
