import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { ConnectContext } from '../ledger/context.ts';
import type { ConsensusParams } from '../params/network.ts';
import { assert } from '../util/assert.ts';

/** Where the block after `tip` would stand: what every entry of the pool is judged for. */
export function nextBlockAfter(
  tip: HeaderEntry,
  chain: Pick<ChainReader, 'ancestor'>,
  params: ConsensusParams,
): ConnectContext {
  const at = (height: number): HeaderEntry => {
    const entry = chain.ancestor(tip, height);
    assert(entry !== undefined, `the branch of the tip has a block at height ${height}`);
    return entry;
  };
  return {
    height: tip.height + 1,
    medianTimePast: tip.medianTime,
    params,
    medianTimeAt: (height) => at(height).medianTime,
    idAt: (height) => at(height).header.id,
  };
}
