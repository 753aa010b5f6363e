import assert from 'node:assert/strict';
import { TxPool } from '../../../src/mempool/txPool.ts';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { encodeBlock } from '../../../src/primitives/block.ts';
import { decodeTx } from '../../../src/primitives/tx.ts';
import { silentLogger } from '../../../src/util/ports.ts';
import { connectAll, openChain } from '../chain/openChain.ts';
import { ChainGenerator } from '../generator.ts';
import { busy, perSecond, type Span, type Suite, timed } from '../harness.ts';

const SEED = 2;

export const suite: Suite = {
  name: 'mempool',
  about: 'signed P2WPKH payments admitted to the pool, one after another, coins read from the database',
  async run(bench) {
    usePlatformCrypto();
    const network = builtInNetwork('regtest') as Network;
    const count = bench.quick ? 3000 : 15_000;
    const generator = new ChainGenerator(network, SEED);
    const blocks = Array.from(generator.fund(2 * count), encodeBlock);
    const txs = generator.unconfirmed(count);
    const inputs = txs.reduce((sum, tx) => sum + tx.inputs.length, 0);
    const bytes = txs.map((tx) => tx.bytes);

    const spans: Span[] = [];
    const { chain, scripts, clock, close } = await openChain(network, bench.tempDir());
    await connectAll(chain, blocks);
    for (let run = 0; run < bench.runs; run++) {
      const pool = new TxPool({ chain, params: network.consensus, scripts, clock, log: silentLogger });
      const span = await timed(async () => {
        for (const tx of bytes) {
          const verdict = await pool.admit(decodeTx(tx));
          assert(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
        }
      });
      spans.push(span);
      await pool.close();
    }
    await close();
    const facts = { txs: count, inputs, seed: SEED, tip: generator.tip.id, ...busy(spans) };
    bench.report('admissions', 'txs/s', perSecond(count, spans), facts);
  },
};
