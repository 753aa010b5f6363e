import type { ConnectContext } from '../ledger/context.ts';
import type { ConsensusParams } from '../params/network.ts';
import { assert } from '../util/assert.ts';
import type { HeaderEntry } from './entry.ts';

/**
 * What a block on top of `parent` may know of its branch. `ancestor` gives the entry of that branch at a height up to the
 * parent's, undefined above.
 */
export function connectContext(
  parent: HeaderEntry,
  params: ConsensusParams,
  ancestor: (height: number) => HeaderEntry | undefined,
): ConnectContext {
  const at = (height: number): HeaderEntry => {
    const entry = ancestor(height);
    assert(entry !== undefined, `height ${height} is not below ${parent.height + 1}`);
    return entry;
  };
  return {
    height: parent.height + 1,
    medianTimePast: parent.medianTime,
    params,
    medianTimeAt: (height) => at(height).medianTime,
    idAt: (height) => at(height).header.id,
  };
}
