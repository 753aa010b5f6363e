import assert from 'node:assert/strict';
import type { Finding } from '../../src/app/db/findings.ts';
import { verifyMempool } from '../../src/app/db/verifyMempool.ts';
import { encodeDump } from '../../src/mempool/dump.ts';
import { coinbaseOf, mineChain, regtest } from '../chain/regtestMiner.ts';

describe('app: db verify of the unconfirmed transactions', () => {
  const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 3);
  const file = encodeDump(blocks.map((block) => ({ tx: coinbaseOf(block), timeMs: 1_700_000_000_000 })));
  const verify = (bytes: Uint8Array): { txs: number; findings: Finding[] } => {
    const findings: Finding[] = [];
    return { txs: verifyMempool(bytes, 'mempool.dat', { found: (finding) => findings.push(finding) }), findings };
  };

  it('counts them', () => {
    assert.deepEqual(verify(file), { txs: 3, findings: [] });
  });

  it('names a file that is cut, foreign, or whose lengths were changed', () => {
    const flipped = (at: number): Uint8Array => file.map((byte, i) => (i === at ? byte ^ 0x40 : byte));
    // Magic, version, number of transactions, number of inputs of the first.
    for (const bytes of [file.slice(0, -1), new Uint8Array(0), flipped(0), flipped(9), flipped(10), flipped(23)]) {
      const { findings } = verify(bytes);
      assert.equal(findings.length, 1);
      assert.equal(findings[0]?.part, 'mempool');
      assert.equal(findings[0]?.path, 'mempool.dat');
      assert.match(findings[0]?.detail ?? '', /^pool file: /);
    }
  });
});
