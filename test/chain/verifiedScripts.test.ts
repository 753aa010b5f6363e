import assert from 'node:assert/strict';
import type { ScriptJob } from '../../src/chain/ports.ts';
import { VerifiedScripts } from '../../src/chain/verifiedScripts.ts';
import { broken, PASSED } from '../../src/primitives/rules.ts';
import { Tx as Transaction, type Tx } from '../../src/primitives/tx.ts';
import { ANYONE, coinbaseOf, mine, regtest, spend } from './regtestMiner.ts';

const funding = coinbaseOf(mine({ header: regtest.genesis.header, height: 0 }));
const payment = (value: bigint): Tx => spend([{ tx: funding, index: 0 }], [{ value, scriptPubKey: ANYONE }]);
const job = (tx: Tx, flags: number): ScriptJob => ({ tx, flags, spent: funding.outputs.slice(0, 1) });

function setUp(maxTxs?: number) {
  const asked: string[] = [];
  let verdict = PASSED as ReturnType<typeof broken> | typeof PASSED;
  const checker = {
    check: async (jobs: readonly ScriptJob[]) => {
      for (const { tx, flags } of jobs) asked.push(`${tx.id.slice(0, 8)}/${flags}`);
      return verdict;
    },
  };
  const cache = new VerifiedScripts(maxTxs);
  return {
    asked,
    pool: cache.remembering(checker),
    blocks: cache.sparing(checker),
    fail: (failing: boolean) => {
      verdict = failing ? broken('block-script-verify-flag-failed', 'no') : PASSED;
    },
  };
}

describe('chain: scripts that the pool has verified', () => {
  it('are not run again in a block, under the same flags or fewer', async () => {
    const { asked, pool, blocks } = setUp();
    await pool.check([job(payment(1n), 0b111)]);
    asked.length = 0;
    assert.ok((await blocks.check([job(payment(1n), 0b111), job(payment(1n), 0b010)])).ok);
    assert.deepEqual(asked, []);
  });

  it('are run again under a flag they were not run under', async () => {
    const { asked, pool, blocks } = setUp();
    await pool.check([job(payment(1n), 0b011)]);
    asked.length = 0;
    await blocks.check([job(payment(1n), 0b100), job(payment(2n), 0b001)]);
    assert.equal(asked.length, 2);
  });

  it('are not remembered when they failed, nor from blocks', async () => {
    const { asked, pool, blocks, fail } = setUp();
    fail(true);
    assert.ok(!(await pool.check([job(payment(1n), 1)])).ok);
    fail(false);
    await blocks.check([job(payment(1n), 1)]);
    await blocks.check([job(payment(1n), 1)]);
    assert.equal(asked.length, 3);
  });

  it('of another witness are others: the wtxid counts', async () => {
    const { asked, pool, blocks } = setUp();
    const tx = payment(1n);
    await pool.check([job(tx, 1)]);
    asked.length = 0;
    const inputs = tx.inputs.map((input) => ({ ...input, witness: [Uint8Array.of(1)] }));
    await blocks.check([job(new Transaction({ version: tx.version, inputs, outputs: tx.outputs, lockTime: 0 }), 1)]);
    assert.equal(asked.length, 1);
  });

  it('are forgotten, the oldest first, when there are too many', async () => {
    const { asked, pool, blocks } = setUp(2);
    for (const value of [1n, 2n, 3n]) await pool.check([job(payment(value), 1)]);
    asked.length = 0;
    await blocks.check([job(payment(1n), 1), job(payment(2n), 1), job(payment(3n), 1)]);
    assert.equal(asked.length, 1);
  });
});
