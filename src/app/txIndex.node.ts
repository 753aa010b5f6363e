import type { ChainManager } from '../chain/chainManager.ts';
import { TxIndex } from '../index/txIndex.ts';
import { turns } from '../platform/turns.node.ts';
import { StoreError } from '../store/errors.ts';
import { type KvTxIndexStore, openTxIndexStore } from '../store/txIndexStore.node.ts';
import type { RoleParts } from './role.node.ts';

/** How often the index looks for blocks that became valid below a snapshot of coins. */
const LOOK_MS = 5_000;

/**
 * The transaction index of a full node, where it is switched on: built and kept while the node runs. An index that cannot be
 * opened is unusable; the node is not.
 */
export async function followTransactions(parts: RoleParts, chain: ChainManager): Promise<TxIndex | undefined> {
  const { config, lifetime } = parts;
  if (!config.txindex) return undefined;
  let store: KvTxIndexStore | undefined;
  let reason = '';
  try {
    // Blocks that are made anew may be others: so is the index.
    store = await openTxIndexStore(config.datadir, parts.reindexTxs || parts.rebuild === 'index');
    const opened = store;
    lifetime.add(() => opened.close());
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    reason = error.message;
  }
  const log = parts.log.child({ room: 'index' });
  const index = new TxIndex({ chain, store, ...(reason === '' ? {} : { reason }), log, pause: turns.next });
  lifetime.add(() => index.close());
  chain.useTxIndex((txid) => index.find(txid));
  index.start();
  lifetime.add(parts.platform.timers.every(LOOK_MS, () => index.look()));
  return index;
}
