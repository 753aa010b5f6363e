import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import type { HeaderChain } from '../../chain/headerChain.ts';
import type { LightClient } from '../../light/lightClient.ts';
import type { SyncProgress } from '../../sync/progress.ts';
import { NEAR, ProgressLog, type ProgressLogParts } from '../progressLog.ts';

type Common = Omit<ProgressLogParts, 'unit' | 'view' | 'info'>;

/** A full node's progress, and one line per block. */
export function logBlocks(p: Common & { readonly chain: ChainManager; readonly progress: SyncProgress }): void {
  const { chain, progress } = p;
  const log = new ProgressLog({
    ...p,
    unit: 'blocks',
    view: () => ({ syncing: !progress.synced(), behind: chain.bestHeader().height - chain.tip().height }),
    info: () => progress.info(),
  });
  p.lifetime.add(
    chain.events.on('connected', ({ entry, block }) => {
      const { size, weight, txs } = block;
      log.advanced({ height: entry.height, hash: entry.header.id, txs: txs.length, size, weight }, 'new block');
    }),
  );
  p.lifetime.add(
    chain.events.on('disconnected', ({ entry }) => {
      p.log.info({ height: entry.height, hash: entry.header.id }, 'block left the chain: another branch has more work');
    }),
  );
}

/** The last `n` entries of the branch that ends in `last`, lowest first. */
function newest(last: HeaderEntry, n: number): HeaderEntry[] {
  const out = [last];
  for (let at = last.parent; at !== undefined && out.length < n; at = at.parent) out.unshift(at);
  return out;
}

/** A light node's progress, and one line per header. */
export function logHeaders(p: Common & { readonly chain: HeaderChain; readonly client: LightClient }): void {
  const { chain, client } = p;
  const info = () => {
    const now = client.info();
    return { ...now, blocks: now.headers };
  };
  const log = new ProgressLog({
    ...p,
    unit: 'headers',
    view() {
      const syncing = !client.synced();
      const { peerHeight, headers } = client.info();
      // What peers claim and do not show is not missing.
      return { syncing, behind: syncing ? Math.max(0, peerHeight - headers) : 0 };
    },
    info,
  });
  let { height } = chain.bestHeader();
  p.lifetime.add(
    chain.events.on('bestHeader', ({ entry }) => {
      const steps = entry.height - height;
      height = entry.height;
      const tell = (one: HeaderEntry, by: number): void =>
        log.advanced({ height: one.height, hash: one.header.id }, 'new header', by);
      // A whole batch is a sync, however short.
      if (steps > NEAR) tell(entry, steps);
      else for (const one of newest(entry, Math.max(1, steps))) tell(one, 1);
    }),
  );
}
