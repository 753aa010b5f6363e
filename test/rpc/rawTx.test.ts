import assert from 'node:assert/strict';
import { decodeRawTx, type TxForms } from '../../src/rpc/rawTx.ts';
import { looksLikeScript } from '../../src/script/validOps.ts';
import { toHex } from '../../src/util/hex.ts';

const BOTH: TxForms = { witness: true, legacy: true, looksLikeScript };

/**
 * Bytes that are a transaction of one input with witness (BIP144), and one without inputs whose only output has a script of
 * 47 bytes: it starts within the input's txid with `first` and swallows the other's output script, which is `output`.
 */
function ambiguous(first: number, output: number): string {
  const txid = new Uint8Array(32);
  txid[7] = 47;
  txid[8] = first;
  const input = [...txid, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const outputs = [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, output];
  return toHex(Uint8Array.of(1, 0, 0, 0, 0, 1, 1, ...input, ...outputs, 1, 1, 0x51, 0, 0, 0, 0));
}

describe('rpc/rawTx: text that can be read as two transactions', () => {
  it('is the one with witness when its scripts make sense', () => {
    assert.equal(decodeRawTx(ambiguous(0, 0x51), BOTH)?.inputs.length, 1);
  });

  it('is the other one when only its scripts do', () => {
    const tx = decodeRawTx(ambiguous(0, 0xff), BOTH);
    assert.deepEqual([tx?.inputs.length, tx?.outputs[0]?.scriptPubKey.length], [0, 47]);
  });

  it('is the one with witness when neither do', () => {
    assert.equal(decodeRawTx(ambiguous(0xff, 0xff), BOTH)?.inputs.length, 1);
  });

  it('is what the caller says it is', () => {
    assert.equal(decodeRawTx(ambiguous(0, 0xff))?.inputs.length, 1);
    assert.equal(decodeRawTx(ambiguous(0, 0x51), { ...BOTH, witness: false })?.inputs.length, 0);
  });
});
