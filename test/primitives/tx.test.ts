import { strict as assert } from 'node:assert';
import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { hash256 } from '../../src/crypto/hash.ts';
import { decodeTx, encodeTx, NO_WITNESS, readTx, Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { DecodeError, Reader } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';

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

const fieldsOf = ({ version, inputs, outputs, lockTime }: Tx) => ({ version, inputs, outputs, lockTime });

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
        assert.equal(toHex(encodeTx(again)), toHex(tx.bytes));
        assert.equal(toHex(again.txid), toHex(tx.txid));
        assert.equal(toHex(again.wtxid), toHex(tx.wtxid));
        assert.equal(again.strippedSize, tx.strippedSize);
        assert.equal(again.hasWitness, tx.hasWitness);
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

  it('without their witnesses are the bytes that the txid hashes, read or made', () => {
    fc.assert(
      fc.property(arbTx, fc.uint8Array({ maxLength: 3 }), (tx, before) => {
        const bare = encodeTx({ ...fieldsOf(tx), inputs: tx.inputs.map((i) => ({ ...i, witness: NO_WITNESS })) });
        assert.equal(toHex(tx.strippedBytes), toHex(bare));
        // As in a block: somewhere in a longer buffer.
        const reader = new Reader(Uint8Array.of(...before, ...tx.bytes, 0xff));
        reader.take(before.length);
        const read = readTx(reader);
        assert.equal(toHex(read.strippedBytes), toHex(bare));
        assert.equal(toHex(read.txid), toHex(hash256(bare)));
      }),
    );
  });

  it('have the same ids made in one batch as one by one, some known before', () => {
    fc.assert(
      fc.property(fc.array(arbTx, { maxLength: 7 }), fc.nat(7), fc.boolean(), (txs, known, idsFirst) => {
        const batch = txs.map((tx) => decodeTx(tx.bytes));
        const before = batch.slice(0, known).map((tx) => [tx.txid, tx.wtxid]);
        for (const hash of idsFirst ? [Tx.hashTxids, Tx.hashWtxids] : [Tx.hashWtxids, Tx.hashTxids]) hash(batch);
        for (const [i, tx] of batch.entries()) {
          const one = txs[i] as Tx;
          assert.deepEqual([toHex(tx.txid), toHex(tx.wtxid)], [toHex(one.txid), toHex(one.wtxid)]);
          assert.equal(toHex(tx.strippedBytes), toHex(one.strippedBytes));
          if (i < before.length) assert.ok(tx.txid === before[i]?.[0] && tx.wtxid === before[i]?.[1]);
        }
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
          assert.equal(toHex(encodeTx(decodeTx(bytes))), toHex(bytes));
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

  it('of any number of inputs, outputs and witness items are read whole', () => {
    const { inputs, outputs } = decodeTx(fromHex(LEGACY));
    for (const n of [1, 2, 999, 1000, 1001, 3000]) {
      const witness = Array.from({ length: n }, (_, i) => Uint8Array.of(i & 0xff));
      const read = decodeTx(
        new Tx({
          version: 2,
          inputs: Array.from({ length: n }, (_, i) => {
            return { ...(inputs[0] as TxIn), sequence: i, witness: i === n - 1 ? witness : NO_WITNESS };
          }),
          outputs: Array.from({ length: n }, (_, i) => ({ ...(outputs[0] as TxOut), value: BigInt(i) })),
          lockTime: 0,
        }).bytes,
      );
      const numbers = Array.from({ length: n }, (_, i) => i);
      assert.deepEqual(
        read.inputs.map((i) => i.sequence),
        numbers,
      );
      assert.deepEqual(
        read.outputs.map((o) => Number(o.value)),
        numbers,
      );
      assert.deepEqual(read.inputs[n - 1]?.witness, witness);
    }
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
        assert.equal(toHex(encodeTx(decodeTx(fromHex(hex)))), hex);
      }
    }
  });

  it('share one array for all empty witness items and scripts: a view would cost a hundred times their one byte', () => {
    const n = 2000;
    const items = `fdd007${'00'.repeat(n)}`;
    const tx = decodeTx(fromHex(`020000000001${'01'}${IN}00ffffffff01000000000000000000${items}${'00000000'}`));
    const [input] = tx.inputs;
    assert.equal(input?.witness.length, n);
    assert.equal(new Set([...(input?.witness ?? []), input?.scriptSig, tx.outputs[0]?.scriptPubKey]).size, 1);
    assert.equal(tx.size, tx.bytes.length);
  });

  it('of the published file with many inputs is none of Bitcoin: its outputs have versions, as on Decred', function () {
    const bytes = fromHex(vectorText(this, 'sequences/many_inputs_tx.hex').trim());
    assert.throws(
      () => decodeTx(bytes),
      (e) => e instanceof DecodeError && /bytes too many/.test(e.message),
    );
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
