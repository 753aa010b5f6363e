import type { Network } from '../params/network.ts';
import type { UtxoDiff } from './coin.ts';
import { EMPTY_DIFF } from './utxoDiff.ts';
import { UtxoOverlay } from './utxoOverlay.ts';

/**
 * The coins that exist after genesis. Bitcoin's genesis output never entered the coin set and cannot be spent; a cairn
 * network's allocations are plain coins of height 0, spendable at once (protocol §1.1).
 */
export function genesisDiff(network: Pick<Network, 'consensus' | 'genesis'>): UtxoDiff {
  if (network.consensus.rules === 'bitcoin') return EMPTY_DIFF;
  const overlay = new UtxoOverlay({ coin: () => undefined });
  for (const tx of network.genesis.txs) overlay.addOutputs(tx, 0, false);
  return overlay.diff();
}
