import { strict as assert } from 'node:assert';
import { inlineScriptChecker } from '../../src/chain/scriptCheckerInline.ts';
import { TxPool } from '../../src/mempool/txPool.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { openFunded, out, pay } from './setup.ts';

const CHECKSIG = 0xac;

describe('mempool: BIP54', () => {
  const open = async (bip54: boolean, requireStandard: boolean) => {
    const world = await openFunded(1);
    const scripts = inlineScriptChecker({ verify: () => ({ ok: true }), pause: async () => {} });
    const params = { ...regtest.consensus, bip54 };
    const pool = new TxPool(
      { chain: world.chain, params, clock: world.clock, log: silentLogger, scripts },
      { requireStandard },
    );
    const ruleOf = async (tx: Tx): Promise<string> => {
      const verdict = await pool.admit(tx, { testOnly: true });
      return verdict.ok ? 'ok' : verdict.rule;
    };
    return { world, ruleOf };
  };

  it('2501 legacy signature operations never get in where a block may not hold them', async () => {
    const at = async (bip54: boolean, count: number): Promise<string> => {
      const { world, ruleOf } = await open(bip54, false);
      return ruleOf(pay(world.coins, { scriptSig: new Uint8Array(count).fill(CHECKSIG) }));
    };
    assert.equal(await at(true, 2500), 'ok');
    assert.equal(await at(true, 2501), 'bad-txns-legacy-sigops');
    assert.equal(await at(false, 2501), 'ok', 'only our taste there');
  });

  it('64 bytes without witness are refused everywhere, whatever the policy', async () => {
    for (const bip54 of [true, false])
      for (const requireStandard of [true, false]) {
        const { world, ruleOf } = await open(bip54, requireStandard);
        const tx = pay(world.coins, { to: [out(1n, Uint8Array.of(0x6a, 2, 1, 1))], witness: [new Uint8Array(9)] });
        assert.equal(tx.strippedSize, 64);
        assert.equal(await ruleOf(tx), 'tx-size-small');
      }
  });
});
