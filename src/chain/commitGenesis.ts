import { genesisDiff } from '../ledger/genesisDiff.ts';
import { encodeSealedBlock } from '../primitives/block.ts';
import type { ChainManagerParts } from './chainManagerParts.ts';
import type { IndexEntry } from './headerIndex.ts';
import { applyChange, type EntryChange, toStored } from './storedEntry.ts';

/** Writes the genesis block as the first tip of a new store. */
export async function commitGenesis(
  parts: Pick<ChainManagerParts, 'network' | 'store' | 'judge'>,
  entry: IndexEntry,
): Promise<void> {
  const { network, store, judge } = parts;
  // A chain that is rebuilt has it already.
  const body = entry.body ?? (await store.appendBody(encodeSealedBlock(network.genesis)));
  const change: EntryChange = { status: 'valid', body, txCount: network.genesis.txs.length };
  await store.commit({
    headers: [toStored(entry, judge, change)],
    tip: network.chainId,
    coins: genesisDiff(network),
  });
  // So that the coins always belong to a block from now on.
  await store.flush();
  applyChange(entry, change);
}
