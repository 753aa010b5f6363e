import assert from 'node:assert/strict';
import { checkStandardInputs } from '../../src/mempool/policy/standardInputs.ts';
import { payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx } from '../../src/primitives/tx.ts';
import { pushData } from '../../src/script/push.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';

const CHECKSIG = 0xac;
const bytes = (n: number, fill = 1): Uint8Array => new Uint8Array(n).fill(fill);
const witnessProgram = (version: number, n: number): Uint8Array => payToWitness({ version, program: bytes(n) });
const P2WPKH = witnessProgram(0, 20);
const P2WSH = witnessProgram(0, 32);
const P2TR = witnessProgram(1, 32);
const P2SH = payToScriptHash(bytes(20));
const ANCHOR = payToWitness({ version: 1, program: Uint8Array.of(0x4e, 0x73) });

interface Spend {
  readonly of: Uint8Array;
  readonly scriptSig?: Uint8Array;
  readonly witness?: readonly Uint8Array[];
}
function verdict(...spends: readonly Spend[]): string {
  const tx = new Tx({
    version: 2,
    inputs: spends.map(({ scriptSig = EMPTY, witness = NO_WITNESS }, i) => ({
      prevout: { txid: bytes(32, i + 1), index: 0 },
      scriptSig,
      sequence: SEQUENCE_FINAL,
      witness,
    })),
    outputs: [{ value: 1n, scriptPubKey: P2WPKH }],
    lockTime: 0,
  });
  const check = checkStandardInputs(
    tx,
    spends.map(({ of }) => ({ value: 1n, scriptPubKey: of })),
  );
  return check.ok ? 'ok' : check.rule;
}
const NONSTANDARD = 'bad-txns-nonstandard-inputs';
const WITNESS = 'bad-witness-nonstandard';

describe('mempool: policy on inputs', () => {
  it('known kinds of outputs may be spent, others and future witness versions may not', () => {
    for (const known of [P2WPKH, P2WSH, P2TR, ANCHOR]) assert.equal(verdict({ of: known }), 'ok');
    assert.equal(verdict({ of: Uint8Array.of(0x51) }), NONSTANDARD);
    assert.equal(verdict({ of: witnessProgram(2, 32) }), NONSTANDARD);
    assert.equal(verdict({ of: P2WPKH }, { of: witnessProgram(0, 21) }), NONSTANDARD);
  });

  it('a P2SH spend gives its redeem script, with at most 15 signature operations', () => {
    const redeem = (n: number): Uint8Array => pushData(bytes(n, CHECKSIG));
    assert.equal(verdict({ of: P2SH }), NONSTANDARD);
    assert.equal(verdict({ of: P2SH, scriptSig: redeem(15) }), 'ok');
    assert.equal(verdict({ of: P2SH, scriptSig: redeem(16) }), NONSTANDARD);
  });

  it('2500 legacy signature operations in all, not more (BIP54)', () => {
    const redeem = pushData(bytes(15, CHECKSIG));
    const spends = (n: number): Spend[] => Array.from({ length: n }, () => ({ of: P2SH, scriptSig: redeem }));
    const p2pkh = concatBytes(Uint8Array.of(0x76, 0xa9, 20), bytes(20), Uint8Array.of(0x88, CHECKSIG));
    const ten = Array.from({ length: 10 }, () => ({ of: p2pkh }));
    assert.equal(verdict(...spends(166), ...ten), 'ok', '166 · 15 + 10 = 2500');
    assert.equal(verdict(...spends(166), ...ten, { of: p2pkh }), NONSTANDARD);
  });

  it('no witness where none belongs', () => {
    const p2pkh = concatBytes(Uint8Array.of(0x76, 0xa9, 20), bytes(20), Uint8Array.of(0x88, CHECKSIG));
    assert.equal(verdict({ of: p2pkh, witness: [EMPTY] }), WITNESS);
    assert.equal(verdict({ of: ANCHOR, witness: [EMPTY] }), WITNESS);
    assert.equal(verdict({ of: P2SH, scriptSig: pushData(bytes(5)), witness: [EMPTY] }), WITNESS);
    assert.equal(verdict({ of: P2SH, scriptSig: pushData(P2WPKH), witness: [bytes(71), bytes(33)] }), 'ok');
  });

  it('P2WSH: script of 3600 bytes, 100 items of 80 bytes', () => {
    const spend = (witness: Uint8Array[], nested = false): string =>
      verdict(nested ? { of: P2SH, scriptSig: pushData(P2WSH), witness } : { of: P2WSH, witness });
    for (const nested of [false, true]) {
      assert.equal(spend([bytes(3600)], nested), 'ok');
      assert.equal(spend([bytes(3601)], nested), WITNESS);
      assert.equal(spend([...Array.from({ length: 100 }, () => bytes(80)), bytes(1)], nested), 'ok');
      assert.equal(spend([...Array.from({ length: 101 }, () => bytes(1)), bytes(1)], nested), WITNESS);
      assert.equal(spend([bytes(81), bytes(1)], nested), WITNESS);
    }
  });

  it('taproot: no annex, a control block, and items of 80 bytes under leaf version c0', () => {
    const spend = (...witness: Uint8Array[]): string => verdict({ of: P2TR, witness });
    assert.equal(spend(bytes(64)), 'ok', 'key path');
    assert.equal(spend(bytes(64), bytes(3, 0x50)), WITNESS, 'annex');
    assert.equal(spend(bytes(80), bytes(9000), bytes(33, 0xc1)), 'ok');
    assert.equal(spend(bytes(81), bytes(9), bytes(33, 0xc0)), WITNESS);
    assert.equal(spend(bytes(81), bytes(9), bytes(33, 0xc2)), 'ok', 'another leaf version');
    assert.equal(spend(bytes(9), EMPTY), WITNESS, 'empty control block');
  });
});
