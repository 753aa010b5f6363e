import assert from 'node:assert/strict';
import { inlineScriptChecker } from '../../src/chain/scriptCheckerInline.ts';
import { hash160 } from '../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../src/crypto/secp.ts';
import { TxPool } from '../../src/mempool/txPool.ts';
import { payToPubKeyHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { reasonOf } from '../../src/primitives/rules.ts';
import { SEQUENCE_FINAL, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { coinbaseOf, mineChain, regtest } from '../chain/regtestMiner.ts';
import { accept, mineOn, openWorld, type World } from './setup.ts';

const KEY = new Uint8Array(32).fill(5);
const PUB = secp().publicKeyOf(KEY, true) as Uint8Array;
const SCRIPT = payToWitness({ version: 0, program: hash160(PUB) });

/** Spends output 0 of `from` with a real signature; `type` is the hash type byte, `value` what it commits to. */
function signed(from: Tx, fee: bigint, type = 1, value = (from.outputs[0] as TxOut).value): Tx {
  const make = (witness: readonly Uint8Array[]): Tx =>
    new Tx({
      version: 2,
      inputs: [{ prevout: { txid: from.txid, index: 0 }, scriptSig: EMPTY, sequence: SEQUENCE_FINAL, witness }],
      outputs: [{ value: (from.outputs[0] as TxOut).value - fee, scriptPubKey: SCRIPT }],
      lockTime: 0,
    });
  const hash = witnessV0SigHash(make([]), 0, payToPubKeyHash(hash160(PUB)), value, type);
  return make([concatBytes(signEcdsa(hash, KEY) as Uint8Array, Uint8Array.of(type)), PUB]);
}

describe('mempool: real signatures', () => {
  let world: World;
  let pool: TxPool;
  let coin: Tx;

  beforeEach(async () => {
    world = await openWorld();
    const blocks = mineChain(world.chain.genesis, 100, { payout: SCRIPT });
    await accept(world, ...blocks);
    coin = coinbaseOf(blocks[0] as never);
    pool = new TxPool({
      chain: world.chain,
      params: regtest.consensus,
      clock: world.clock,
      log: silentLogger,
      scripts: inlineScriptChecker({ verify: verifyScript, pause: async () => {} }),
    });
  });

  it('a signed chain of payments is admitted and mined', async () => {
    const parent = signed(coin, 1000n);
    const child = signed(parent, 1000n);
    for (const tx of [parent, child]) {
      const verdict = await pool.admit(tx);
      assert.ok(verdict.ok, verdict.ok ? '' : verdict.detail);
      assert.equal(verdict.value.sigopCost, 1);
    }
    await accept(world, mineOn(world.chain.tip(), { txs: [parent, child], fees: 2000n }));
    assert.equal(pool.size, 0);
  });

  it('a signature for another amount is invalid for everybody, in Bitcoin Core’s words', async () => {
    const verdict = await pool.admit(signed(coin, 1000n, 1, 1n));
    assert.ok(!verdict.ok);
    assert.equal(verdict.rule, 'mandatory-script-verify-flag-failed');
    assert.equal(
      reasonOf(verdict),
      'mempool-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)',
    );
  });

  it('an unknown hash type is valid in a block, but not to our taste', async () => {
    const odd = signed(coin, 1000n, 0x41);
    const verdict = await pool.admit(odd);
    assert.ok(!verdict.ok);
    assert.equal(verdict.rule, 'mempool-script-verify-flag-failed');
    assert.equal(
      reasonOf(verdict),
      'mempool-script-verify-flag-failed (Signature hash type missing or not understood)',
    );
  });
});
