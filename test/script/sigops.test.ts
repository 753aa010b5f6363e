import { strict as assert } from 'node:assert';
import { payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { Tx, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_FLAGS as F } from '../../src/script/flags.ts';
import { pushData } from '../../src/script/push.ts';
import {
  countSigOps,
  legacySigOpCount,
  p2shSigOpCount,
  p2shSigOps,
  witnessSigOpCost,
} from '../../src/script/sigops.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';

const P2SH = payToScriptHash(new Uint8Array(20));
const P2WPKH = payToWitness({ version: 0, program: new Uint8Array(20) });
const P2WSH = payToWitness({ version: 0, program: new Uint8Array(32) });
const TAPROOT = payToWitness({ version: 1, program: new Uint8Array(32) });
const TWO_OF_THREE = fromHex('5253ae'); // OP_2 OP_3 OP_CHECKMULTISIG
const FLAGS = F.P2SH | F.WITNESS;

function tx(scriptSig: Uint8Array, output: Uint8Array): Tx {
  const prevout = { txid: new Uint8Array(32).fill(1), index: 0 };
  return new Tx({
    version: 1,
    lockTime: 0,
    inputs: [{ prevout, scriptSig, sequence: 0, witness: [] }],
    outputs: [{ value: 0n, scriptPubKey: output }],
  });
}

describe('Signature operations', () => {
  const cases: [string, number, number][] = [
    ['', 0, 0],
    ['ac', 1, 1],
    ['adac', 2, 2],
    ['ae', 20, 20],
    ['af', 20, 20],
    ['5253ae', 3, 20],
    ['60af', 16, 20],
    ['00ae', 20, 20],
    ['0103ae', 20, 20],
    ['5361ae', 20, 20],
    ['51aeae', 21, 40],
    ['01ac', 0, 0],
    ['ac02ac', 1, 1], // a push that is cut off ends the count
    ['ba', 0, 0], // OP_CHECKSIGADD exists in tapscript only
  ];
  for (const [hex, accurate, coarse] of cases)
    it(`${hex || 'an empty script'} has ${accurate}, or ${coarse} counted coarsely`, () => {
      assert.equal(countSigOps(fromHex(hex), true), accurate);
      assert.equal(countSigOps(fromHex(hex), false), coarse);
    });

  it('are counted coarsely in every input and output script', () => {
    assert.equal(legacySigOpCount(tx(fromHex('ac'), TWO_OF_THREE)), 21);
  });

  it('of a redeem script count accurately, only for P2SH outputs and push-only inputs', () => {
    const sig = pushData(TWO_OF_THREE);
    assert.equal(p2shSigOps(sig, P2SH), 3);
    assert.equal(p2shSigOps(sig, P2WSH), 0);
    assert.equal(p2shSigOps(EMPTY, P2SH), 0);
    assert.equal(p2shSigOps(concatBytes(fromHex('61'), sig), P2SH), 0);
    assert.equal(p2shSigOps(concatBytes(sig, fromHex('05')), P2SH), 0);
    assert.equal(p2shSigOps(concatBytes(sig, fromHex('51')), P2SH), 0); // OP_1 pushes no redeem script
    const spent: TxOut[] = [{ value: 0n, scriptPubKey: P2SH }];
    assert.equal(p2shSigOpCount(tx(sig, EMPTY), spent), 3);
    const coinbase = new Tx({
      ...tx(sig, EMPTY),
      inputs: [{ prevout: { txid: new Uint8Array(32), index: 0xffffffff }, scriptSig: sig, sequence: 0, witness: [] }],
      outputs: [],
      version: 1,
      lockTime: 0,
    });
    assert.equal(p2shSigOpCount(coinbase, []), 0);
  });

  it('of a witness count one for a key hash, accurately for a script, none for taproot or before segwit', () => {
    const script = [EMPTY, TWO_OF_THREE];
    assert.equal(witnessSigOpCost(EMPTY, P2WPKH, [], FLAGS), 1);
    assert.equal(witnessSigOpCost(EMPTY, P2WPKH, [], F.P2SH), 0);
    assert.equal(witnessSigOpCost(EMPTY, P2WSH, script, FLAGS), 3);
    assert.equal(witnessSigOpCost(EMPTY, P2WSH, [], FLAGS), 0);
    assert.equal(witnessSigOpCost(EMPTY, TAPROOT, script, FLAGS), 0);
    assert.equal(witnessSigOpCost(EMPTY, fromHex('51'), script, FLAGS), 0);
  });

  it('of a witness nested in P2SH count as native ones', () => {
    assert.equal(witnessSigOpCost(pushData(P2WPKH), P2SH, [], FLAGS), 1);
    assert.equal(witnessSigOpCost(pushData(P2WSH), P2SH, [TWO_OF_THREE], FLAGS), 3);
    assert.equal(witnessSigOpCost(concatBytes(fromHex('61'), pushData(P2WPKH)), P2SH, [], FLAGS), 0);
    assert.equal(witnessSigOpCost(EMPTY, P2SH, [TWO_OF_THREE], FLAGS), 0);
  });
});
