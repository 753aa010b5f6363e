import { strict as assert } from 'node:assert';
import { FROM_OUTSIDE, linkBlock } from '../../src/primitives/blockLinks.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx } from '../../src/primitives/tx.ts';
import { EMPTY } from '../../src/util/bytes.ts';

/** A transaction that spends output 0 of each of `parents` (an id, or a byte that fills one), with `outs` outputs. */
function spending(parents: readonly (Tx | number)[], outs: number): Tx {
  const inputs = parents.map((parent) => {
    const txid = typeof parent === 'number' ? new Uint8Array(32).fill(parent) : parent.txid.slice();
    return { prevout: { txid, index: 0 }, scriptSig: EMPTY, sequence: SEQUENCE_FINAL, witness: NO_WITNESS };
  });
  const outputs = Array.from({ length: outs }, (_, i) => ({ value: BigInt(i), scriptPubKey: EMPTY }));
  return new Tx({ version: 2, inputs, outputs, lockTime: 0 });
}

describe('Links of a block', () => {
  it('number inputs and outputs, and name the earlier transaction that an input spends', () => {
    const a = spending([1], 2);
    const b = spending([2, a, 3], 0);
    const c = spending([a, b], 3);
    assert.deepEqual(linkBlock([a, b, c], ZERO_HASH), {
      firstInput: Int32Array.of(0, 1, 4, 6),
      firstOutput: Int32Array.of(0, 2, 2, 5),
      makers: Int32Array.of(FROM_OUTSIDE, FROM_OUTSIDE, 0, FROM_OUTSIDE, 0, 1),
    });
  });
  it('do not reach to later transactions, nor to the same one', () => {
    const a = spending([1], 1);
    const b = spending([a], 1);
    assert.deepEqual(linkBlock([b, a], ZERO_HASH).makers, Int32Array.of(FROM_OUTSIDE, FROM_OUTSIDE));
  });
  it('of no transactions are empty', () => {
    const none = { firstInput: Int32Array.of(0), firstOutput: Int32Array.of(0), makers: new Int32Array(0) };
    assert.deepEqual(linkBlock([], ZERO_HASH), none);
  });
});
