import { strict as assert } from 'node:assert';
import { Transaction as ScureTx } from '@scure/btc-signer';
import { Transaction as JsTx } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { jsHashProvider, setHashProvider } from '../../src/crypto/hash.ts';
import { nodeHashProvider } from '../../src/crypto/hashNative.node.ts';
import { decodeTx, NO_WITNESS, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { annexHash, isTaprootHashType, taprootSigHash } from '../../src/script/sighashTaproot.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { tapLeafHash } from '../../src/script/taproot.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const amount = fc.bigInt(0n, 2_100_000_000_000_000n);
const output = fc.record({ value: amount, scriptPubKey: fc.oneof(bytes(0, 40), bytes(34)) });
const u32 = fc.oneof(fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff), fc.nat(0xffffffff));
const tx = fc
  .record({
    version: fc.nat(0x7fffffff),
    inputs: fc.array(
      fc.record({
        prevout: fc.record({ txid: bytes(32), index: u32 }),
        scriptSig: bytes(0, 5),
        sequence: u32,
        witness: fc.constant(NO_WITNESS),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    outputs: fc.array(output, { minLength: 1, maxLength: 5 }),
    lockTime: u32,
  })
  .map((fields) => new Tx(fields));

/** The transaction with one byte changed, as far as it still is one that every library reads the same way. */
const mutated = fc.tuple(tx, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([original, at, change]) => {
  const raw = original.bytes.slice();
  const i = at % raw.length;
  raw[i] = (raw[i] as number) ^ change;
  try {
    const changed = decodeTx(raw);
    const plain = !changed.hasWitness && changed.inputs.length > 0 && changed.version <= 0x7fffffff;
    const amounts = changed.outputs.every(({ value }) => value >= 0n && value <= 2_100_000_000_000_000n);
    return plain && amounts ? changed : original;
  } catch (error) {
    if (error instanceof DecodeError) return original;
    throw error;
  }
});
const anyTx = fc.oneof(tx, mutated);
const anyType = fc.nat(255);
/** Scripts of opcodes without data, and without OP_CODESEPARATOR, for which the libraries decompile the script. */
const opcodes = bytes(0, 30).map((raw) => raw.map((b) => 0x61 + (b % 0x40)));
const spentOf = (t: Tx) => fc.array(output, { minLength: t.inputs.length, maxLength: t.inputs.length });

/** The parts of btc-signer's transaction that it keeps to itself. */
interface ScureHashes {
  preimageLegacy(index: number, script: Uint8Array, hashType: number): Uint8Array;
  preimageWitnessV0(index: number, script: Uint8Array, hashType: number, value: bigint): Uint8Array;
  preimageWitnessV1(
    index: number,
    scripts: Uint8Array[],
    hashType: number,
    values: bigint[],
    codeSeparator?: number,
    leafScript?: Uint8Array,
    leafVersion?: number,
    annex?: Uint8Array,
  ): Uint8Array;
}
const scure = (t: Tx): ScureHashes =>
  ScureTx.fromRaw(t.bytes, {
    allowUnknownOutputs: true,
    allowUnknownInputs: true,
    allowUnknownVersion: true,
    disableScriptCheck: true,
  }) as unknown as ScureHashes;
const bitcoinjs = (t: Tx): JsTx => JsTx.fromBuffer(t.bytes);

for (const provider of [jsHashProvider, nodeHashProvider])
  describe(`Signature hashes equal those of other libraries (${provider.name})`, () => {
    before(() => setHashProvider(provider));
    after(() => setHashProvider(jsHashProvider));

    it('legacy', () => {
      fc.assert(
        fc.property(anyTx, fc.nat(), anyType, opcodes, (t, at, hashType, script) => {
          const index = at % t.inputs.length;
          const ours = toHex(legacySigHash(t, index, script, hashType));
          assert.equal(ours, toHex(scure(t).preimageLegacy(index, script, hashType)));
          // bitcoinjs-lib writes the number one of a SIGHASH_SINGLE without output big-endian, against Bitcoin Core's vectors.
          if ((hashType & 0x1f) === 3 && index >= t.outputs.length) return;
          assert.equal(ours, toHex(bitcoinjs(t).hashForSignature(index, script, hashType)));
        }),
        { numRuns: 300 },
      );
    });

    it('segwit version 0', () => {
      fc.assert(
        fc.property(anyTx, fc.nat(), anyType, bytes(0, 300), amount, (t, at, hashType, script, value) => {
          const index = at % t.inputs.length;
          const ours = toHex(witnessV0SigHash(t, index, script, value, hashType));
          assert.equal(ours, toHex(scure(t).preimageWitnessV0(index, script, hashType, value)));
          assert.equal(ours, toHex(bitcoinjs(t).hashForWitnessV0(index, script, value, hashType)));
        }),
        { numRuns: 300 },
      );
    });

    it('of every input where inputs and outputs are so many that their counts take three bytes', () => {
      const many = new Tx({
        version: 2,
        inputs: Array.from({ length: 260 }, (_, i) => ({
          prevout: { txid: new Uint8Array(32).fill(i), index: i },
          scriptSig: new Uint8Array(i % 3),
          sequence: 0xffffffff - i,
          witness: NO_WITNESS,
        })),
        outputs: Array.from({ length: 257 }, (_, i) => ({ value: BigInt(i), scriptPubKey: new Uint8Array(i) })),
        lockTime: 9,
      });
      const theirs = bitcoinjs(many);
      const script = Uint8Array.of(0x76, 0xa9, 0x88, 0xac);
      for (const index of many.inputs.keys())
        for (const hashType of [1, 2, 3, 0x81, 0x82, 0x83]) {
          const v0 = theirs.hashForWitnessV0(index, script, 5000n, hashType);
          assert.equal(toHex(witnessV0SigHash(many, index, script, 5000n, hashType)), toHex(v0));
          if ((hashType & 0x1f) === 3 && index >= many.outputs.length) continue;
          const legacy = theirs.hashForSignature(index, script, hashType);
          assert.equal(toHex(legacySigHash(many, index, script, hashType)), toHex(legacy));
        }
    });

    it('taproot: by key and by script, with and without annex, and no hash where there is none', () => {
      const extras = fc.record({
        leaf: fc.option(fc.record({ script: bytes(1, 40), version: fc.constantFrom(0xc0, 0xc2, 0x66) }), {
          nil: undefined,
        }),
        annex: fc.option(
          bytes(0, 30).map((rest) => Uint8Array.of(0x50, ...rest)),
          { nil: undefined },
        ),
        codeSeparator: fc.oneof(fc.constant(0xffffffff), fc.nat(1000)),
      });
      const withSpent = anyTx.chain((t) => fc.tuple(fc.constant(t), spentOf(t)));
      fc.assert(
        fc.property(
          withSpent,
          fc.nat(),
          anyType,
          extras,
          ([t, spent], at, hashType, { leaf, annex, codeSeparator }) => {
            const index = at % t.inputs.length;
            const leafHash = leaf && tapLeafHash(leaf.version, leaf.script);
            const hash = taprootSigHash(
              { tx: t, index, spent },
              hashType,
              annex && annexHash(annex),
              leafHash && { leafHash, codeSeparator },
            );
            const noOutput = (hashType & 3) === 3 && index >= t.outputs.length;
            assert.equal(hash === undefined, !isTaprootHashType(hashType) || noOutput);
            if (hash === undefined) return;
            const scripts = spent.map((out: TxOut) => out.scriptPubKey);
            const values = spent.map((out: TxOut) => out.value);
            const position = codeSeparator === 0xffffffff ? -1 : codeSeparator;
            const theirs = scure(t).preimageWitnessV1(
              index,
              scripts,
              hashType,
              values,
              position,
              leaf?.script,
              leaf?.version,
              annex,
            );
            assert.equal(toHex(hash), toHex(theirs));
            // bitcoinjs-lib cannot name a code separator, and with ANYONECANPAY has room for scripts of 34 bytes alone.
            if (leaf !== undefined && codeSeparator !== 0xffffffff) return;
            if ((hashType & 0x80) !== 0 && scripts[index]?.length !== 34) return;
            const other = bitcoinjs(t).hashForWitnessV1(index, scripts, values, hashType, leafHash, annex);
            assert.equal(toHex(hash), toHex(other));
          },
        ),
        { numRuns: 400 },
      );
    });
  });
