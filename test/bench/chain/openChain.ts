import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ChainManager } from '../../../src/chain/chainManager.ts';
import { inlineScriptChecker } from '../../../src/chain/scriptCheckerInline.ts';
import { judgeFor } from '../../../src/consensus/registry.ts';
import type { Network } from '../../../src/params/network.ts';
import { nodejs } from '../../../src/platform/nodejs.node.ts';
import { decodeSealedBlock } from '../../../src/primitives/block.ts';
import { verifyScript } from '../../../src/script/verifyScript.ts';
import { openFullStore } from '../../../src/store/openStores.node.ts';

/** Store, scripts and chain as a full node composes them, in data directory `dir`. */
export async function openChain(network: Network, dir: string) {
  const { clock } = nodejs;
  const pause = () => nextTurn();
  const fail = (error: unknown) => {
    throw error;
  };
  const store = await openFullStore({ dir, network, txindex: true, behind: { ...nodejs, fail } });
  const scripts = inlineScriptChecker({ verify: verifyScript, pause });
  const evidence = { keep: async () => {} };
  const chain = await ChainManager.open({ network, judge: judgeFor(network), store, scripts, clock, evidence, pause });
  return {
    chain,
    scripts,
    clock,
    async close(): Promise<void> {
      await chain.close();
      await store.close();
    },
  };
}

/** Reads blocks (encodeSealedBlock) and connects them in order; throws when one does not become the tip. */
export async function connectAll(chain: ChainManager, blocks: Iterable<Uint8Array>): Promise<void> {
  for (const bytes of blocks) {
    const verdict = await chain.acceptBlock(decodeSealedBlock(bytes), { requested: true });
    assert(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
    assert.equal(verdict.value.result, 'connected');
  }
}
