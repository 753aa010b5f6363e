import assert from 'node:assert/strict';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { readBlocks } from '../chain/blockFile.ts';
import { connectAll, openChain } from '../chain/openChain.ts';
import { partFacts, referencePlan, regtest, workload } from '../chain/workload.ts';
import { busy, perSecond, type Span, type Suite, timed } from '../harness.ts';

export const suite: Suite = {
  name: 'reorg',
  about: 'blocks of payments disconnected from the tip, and connected again, by the chain manager',
  async run(bench) {
    usePlatformCrypto();
    const plan = referencePlan(bench.quick);
    const parts = workload(plan);
    const opened = await openChain(regtest(), bench.tempDir());
    const { chain } = opened;
    for (const { path } of parts) await connectAll(chain, readBlocks(path));
    const tip = chain.tip();
    const [before, payments] = parts.slice(-2);
    assert(before !== undefined && payments !== undefined);
    const first = chain.atHeight(before.height + 1);
    assert(first !== undefined);
    const [back, forth]: [Span[], Span[]] = [[], []];
    for (let run = 0; run < bench.runs; run++) {
      back.push(await timed(() => chain.invalidateBlock(first)));
      assert.equal(chain.tip().height, before.height);
      forth.push(await timed(() => chain.reconsiderBlock(first)));
      assert.equal(chain.tip(), tip);
    }
    await opened.close();
    const facts = partFacts(plan, payments);
    bench.report('disconnect', 'blocks/s', perSecond(payments.blocks, back), { ...facts, ...busy(back) });
    bench.report('connect', 'blocks/s', perSecond(payments.blocks, forth), { ...facts, ...busy(forth) });
  },
};
