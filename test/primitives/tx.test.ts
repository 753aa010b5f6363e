import { strict as assert } from 'node:assert';
import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { decodeTx, encodeTx, readTx, Tx } from '../../src/primitives/tx.ts';
import { DecodeError, Reader } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';

const IN = `${'11'.repeat(32)}00000000` as const;
const LEGACY = `01000000${'01'}${IN}00ffffffff01000000000000000000${'00000000'}`;

const arbTx = fc
  .record({
    version: fc.nat(0xffffffff),
    lockTime: fc.nat(0xffffffff),
    inputs: fc.array(
      fc.record({
        prevout: fc.record({ txid: fc.uint8Array({ minLength: 32, maxLength: 32 }), index: fc.nat(0xffffffff) }),
        scriptSig: fc.uint8Array({ maxLength: 300 }),
        sequence: fc.nat(0xffffffff),
        witness: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    outputs: fc.array(
      fc.record({ value: fc.bigInt(0n, 2_100_000_000_000_000n), scriptPubKey: fc.uint8Array({ maxLength: 60 }) }),
      { maxLength: 4 },
    ),
  })
  .map((f) => new Tx(f));

describe('Transactions', () => {
  it('have the ids, weight and bytes an independent library computes', () => {
    fc.assert(
      fc.property(arbTx, (tx) => {
        const other = Transaction.fromBuffer(tx.bytes);
        assert.equal(tx.id, other.getId());
        assert.equal(toHex(tx.wtxid), toHex(other.getHash(true)));
        assert.equal(tx.weight, other.weight());
        assert.equal(tx.vsize, other.virtualSize());
        assert.equal(tx.strippedSize, other.byteLength(false));
        assert.equal(tx.hasWitness, other.hasWitnesses());
        assert.equal(toHex(other.toBuffer()), toHex(tx.bytes));
      }),
    );
  });

  it('survive a round trip, and every cut is refused', () => {
    fc.assert(
      fc.property(arbTx, fc.nat(), (tx, at) => {
        const again = decodeTx(tx.bytes);
        assert.equal(toHex(encodeTx(again, true)), toHex(tx.bytes));
        assert.equal(toHex(again.txid), toHex(tx.txid));
        assert.equal(toHex(again.wtxid), toHex(tx.wtxid));
        assert.deepEqual(
          again.inputs.map((i) => [i.prevout.index, toHex(i.scriptSig), i.sequence, i.witness.map(toHex)]),
          tx.inputs.map((i) => [i.prevout.index, toHex(i.scriptSig), i.sequence, i.witness.map(toHex)]),
        );
        assert.deepEqual(
          again.outputs.map((o) => [o.value, toHex(o.scriptPubKey)]),
          tx.outputs.map((o) => [o.value, toHex(o.scriptPubKey)]),
        );
        assert.throws(() => decodeTx(tx.bytes.subarray(0, at % tx.bytes.length)), DecodeError);
        assert.throws(() => decodeTx(new Uint8Array([...tx.bytes, 0])), DecodeError);
      }),
    );
  });

  it('decode to a transaction of the same bytes or throw DecodeError, whatever the bytes', () => {
    let decoded = 0;
    const edit = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(arbTx, edit, (tx, edits) => {
        const bytes = tx.bytes.slice();
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        try {
          assert.equal(toHex(encodeTx(decodeTx(bytes), true)), toHex(bytes));
          decoded++;
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      }),
    );
    assert.ok(decoded > 0);
  });

  it('without witness have equal ids and a weight of four times their size', () => {
    const tx = decodeTx(fromHex(LEGACY));
    assert.deepEqual(tx.txid, tx.wtxid);
    assert.equal(tx.weight, 4 * tx.size);
    assert.equal(tx.size, 60);
  });

  it('keep version and amounts of any bits', () => {
    const tx = decodeTx(fromHex(`ffffffff01${IN}00ffffffff01ffffffffffffffff0000000000`));
    assert.equal(tx.version, 0xffffffff);
    assert.equal(tx.outputs[0]?.value, -1n);
  });

  const refused: [string, string, RegExp][] = [
    [
      'a segwit marker without any witness',
      `010000000001${'01'}${IN}00ffffffff01000000000000000000${'00'}00000000`,
      /superfluous/,
    ],
    ['an unknown flag', `010000000002${'01'}${IN}00ffffffff0100000000000000000000000000`, /unknown optional data/],
    [
      'an unknown flag beside the witness flag',
      `010000000003${'01'}${IN}00ffffffff010000000000000000000101aa00000000`,
      /unknown optional data/,
    ],
    ['more inputs than bytes', `01000000fdffff${IN}00ffffffff`, /input count/],
    ['more outputs than bytes', `01000000${'01'}${IN}00ffffffffff`, /output count|CompactSize/],
    ['a script longer than the rest', `01000000${'01'}${IN}fd0001ffffffff`, /scriptSig/],
    [
      'more witness items than bytes',
      `010000000001${'01'}${IN}00ffffffff01000000000000000000fdffff00`,
      /witness item count/,
    ],
    ['a count that is not minimal', `01000000fd0100${IN}00ffffffff01000000000000000000${'00000000'}`, /non-minimal/],
  ];
  for (const [what, hex, pattern] of refused)
    it(`with ${what} are refused`, () => {
      assert.throws(
        () => decodeTx(fromHex(hex)),
        (e) => e instanceof DecodeError && pattern.test(e.message),
      );
    });

  it('read without witness support take an empty input list literally', () => {
    const bytes = fromHex(`010000000001000000000000000000${'00000000'}`);
    const tx = readTx(new Reader(bytes), false);
    assert.deepEqual([tx.inputs.length, tx.outputs.length], [0, 1]);
  });

  it("of Bitcoin Core's tx_valid and tx_invalid are read and written back unchanged", function () {
    for (const file of ['core/tx_valid.json', 'core/tx_invalid.json']) {
      const rows = vectorJson<unknown[][]>(this, file).filter((row) => Array.isArray(row[0]) && row.length === 3);
      assert.ok(rows.length > 30);
      for (const row of rows) {
        const hex = row[1] as string;
        assert.equal(toHex(encodeTx(decodeTx(fromHex(hex)), true)), hex);
      }
    }
  });

  it('that hold coinbases have exactly one null input', () => {
    const nullIn = `${'00'.repeat(32)}ffffffff`;
    const coinbase = decodeTx(fromHex(`01000000${'01'}${nullIn}00ffffffff01000000000000000000${'00000000'}`));
    assert.equal(coinbase.isCoinbase, true);
    const two = decodeTx(
      fromHex(`01000000${'02'}${nullIn}00ffffffff${nullIn}00ffffffff01000000000000000000${'00000000'}`),
    );
    assert.equal(two.isCoinbase, false);
    assert.equal(decodeTx(fromHex(LEGACY)).isCoinbase, false);
  });
});
