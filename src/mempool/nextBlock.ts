import type { ChainReader } from '../chain/chain.ts';
import { connectContext } from '../chain/connectContext.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { ConnectContext } from '../ledger/context.ts';
import type { ConsensusParams } from '../params/network.ts';

/** Where the block after `tip` would stand: what every entry of the pool is judged for. */
export function nextBlockAfter(
  tip: HeaderEntry,
  chain: Pick<ChainReader, 'ancestor'>,
  params: ConsensusParams,
): ConnectContext {
  return connectContext(tip, params, (height) => chain.ancestor(tip, height));
}
