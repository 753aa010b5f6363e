import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { nodeScripts } from '../../../src/app/scripts/nodeScripts.node.ts';
import { ChainManager } from '../../../src/chain/chainManager.ts';
import { judgeFor } from '../../../src/consensus/registry.ts';
import type { Network } from '../../../src/params/network.ts';
import { nodejs } from '../../../src/platform/nodejs.node.ts';
import { decodeBlock } from '../../../src/primitives/block.ts';
import { openFullStore } from '../../../src/store/openStores.node.ts';
import { Lifetime } from '../../../src/util/lifetime.ts';

/** Store, script threads and chain as a full node composes them, in data directory `dir`. */
export async function openChain(network: Network, dir: string) {
  const { clock } = nodejs;
  const pause = () => nextTurn();
  const lifetime = new Lifetime();
  const fail = (error: unknown) => {
    throw error;
  };
  const store = await openFullStore({ dir, network, behind: { ...nodejs, fail } });
  lifetime.add(() => store.close());
  const scripts = nodeScripts(0, lifetime);
  const evidence = { keep: async () => {} };
  const chain = await ChainManager.open({ network, judge: judgeFor(network), store, scripts, clock, evidence, pause });
  lifetime.add(() => chain.close());
  return { chain, scripts, clock, close: () => lifetime.close() };
}

/** Reads blocks (Bitcoin's bytes) and connects them in order; throws when one does not become the tip. */
export async function connectAll(chain: ChainManager, blocks: Iterable<Uint8Array>): Promise<void> {
  for (const bytes of blocks) {
    const verdict = await chain.acceptBlock(decodeBlock(bytes), { requested: true });
    assert(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
    assert.equal(verdict.value.result, 'connected');
  }
}
