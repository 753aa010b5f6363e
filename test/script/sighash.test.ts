import { strict as assert } from 'node:assert';
import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { displayHash } from '../../src/primitives/hash.ts';
import { decodeTx, Tx } from '../../src/primitives/tx.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const outpoint = fc.record({ txid: bytes(32), index: fc.nat(0xffff) });
const arbTx = fc
  .record({
    version: fc.nat(0x7fffffff),
    inputs: fc.array(
      fc.record({
        prevout: outpoint,
        scriptSig: fc.uint8Array({ maxLength: 5 }),
        sequence: fc.nat(0x7fffffff),
        witness: fc.constant([]),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    outputs: fc.array(
      fc.record({ value: fc.bigInt(0n, 2_100_000_000_000_000n), scriptPubKey: fc.uint8Array({ maxLength: 40 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    lockTime: fc.nat(0x7fffffff),
  })
  .map((fields) => new Tx(fields));

describe('Legacy signature hash', () => {
  it("gives Bitcoin Core's hash for any hash type, script and index", function () {
    const rows = vectorJson<[string, string, number, number, string][]>(this, 'core/sighash.json').filter(
      (r) => r.length === 5,
    );
    assert.ok(rows.length > 200);
    for (const [tx, script, index, hashType, expected] of rows) {
      assert.equal(displayHash(legacySigHash(decodeTx(fromHex(tx)), index, fromHex(script), hashType)), expected);
    }
  });

  it('signs the number one when SIGHASH_SINGLE has no output of that index', () => {
    const tx = decodeTx(
      fromHex(`02000000${'02'}${`${'11'.repeat(32)}0000000000ffffffff`.repeat(2)}01${'00'.repeat(8)}0000000000`),
    );
    const one = `01${'00'.repeat(31)}`;
    for (const type of [0x03, 0x83, 0x23, 0x63]) {
      assert.equal(toHex(legacySigHash(tx, 1, fromHex('51'), type)), one);
      assert.notEqual(toHex(legacySigHash(tx, 0, fromHex('51'), type)), one);
    }
  });

  it('leaves OP_CODESEPARATOR out, but not where the byte is data', () => {
    const tx = decodeTx(fromHex(`0200000001${'11'.repeat(32)}0000000000ffffffff01${'00'.repeat(8)}0000000000`));
    const hash = (script: string): string => toHex(legacySigHash(tx, 0, fromHex(script), 1));
    assert.equal(hash('abab51abacab'), hash('51ac'));
    assert.notEqual(hash('01ab51'), hash('0151'));
  });

  it('equals the hash of an independent library', () => {
    const type = fc.constantFrom(1, 2, 3, 0x81, 0x82, 0x83);
    fc.assert(
      fc.property(arbTx, fc.nat(3), type, fc.uint8Array({ maxLength: 20 }), (tx, at, hashType, raw) => {
        // The library strips code separators by decompiling, so scripts here are plain opcodes without it.
        const script = raw.map((b) => 0x61 + (b % 0x40));
        const index = at % tx.inputs.length;
        // The library writes the number one of a SIGHASH_SINGLE without output big-endian, against the signature accepted in
        // coreTransactions.test.ts.
        fc.pre((hashType & 0x1f) !== 3 || index < tx.outputs.length);
        const other = Transaction.fromBuffer(tx.bytes).hashForSignature(index, script, hashType);
        assert.equal(toHex(legacySigHash(tx, index, script, hashType)), toHex(other));
      }),
    );
  });
});

describe('Segwit version 0 signature hash (BIP143)', () => {
  it('equals the hash of an independent library, whatever inputs were hashed before', () => {
    const type = fc.constantFrom(1, 2, 3, 0x81, 0x82, 0x83);
    const value = fc.bigInt(0n, 2_100_000_000_000_000n);
    fc.assert(
      fc.property(
        arbTx,
        fc.array(fc.tuple(fc.nat(3), type, value, bytes(25)), { minLength: 1, maxLength: 3 }),
        (tx, calls) => {
          for (const [at, hashType, amount, script] of calls) {
            const index = at % tx.inputs.length;
            const other = Transaction.fromBuffer(tx.bytes).hashForWitnessV0(index, script, amount, hashType);
            assert.equal(toHex(witnessV0SigHash(tx, index, script, amount, hashType)), toHex(other));
          }
        },
      ),
    );
  });

  it('gives the sigHash of the native P2WPKH example in BIP143', function () {
    const text = vectorText(this, 'bips/bip143-testvectors.txt');
    const native = decodeTx(fromHex(/unsigned transaction[^:]*:\s*([0-9a-f]{300,})/.exec(text)?.[1] as string));
    const script = fromHex('76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac');
    const hash = toHex(witnessV0SigHash(native, 1, script, 600_000_000n, 1));
    assert.equal(hash, 'c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670');
    assert.ok(text.includes(hash));
  });
});
