import { strict as assert } from 'node:assert';
import { jsHashProvider, setHashProvider } from '../../src/crypto/hash.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import { decodeTx, NO_WITNESS, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { taprootSigHash } from '../../src/script/sighashTaproot.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';

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
});

describe('Segwit version 0 signature hash (BIP143)', () => {
  it('gives the sigHash of the native P2WPKH example in BIP143', function () {
    const text = vectorText(this, 'bips/bip143-testvectors.txt');
    const native = decodeTx(fromHex(/unsigned transaction[^:]*:\s*([0-9a-f]{300,})/.exec(text)?.[1] as string));
    const script = fromHex('76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac');
    const hash = toHex(witnessV0SigHash(native, 1, script, 600_000_000n, 1));
    assert.equal(hash, 'c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670');
    assert.ok(text.includes(hash));
  });
});

describe('What the inputs of a transaction share in their hashes', () => {
  const tx = (n: number): Tx =>
    new Tx({
      version: 2,
      lockTime: n,
      inputs: [1, 2, 3].map((i) => ({
        prevout: { txid: new Uint8Array(32).fill(n + i), index: i },
        scriptSig: EMPTY,
        sequence: n * i,
        witness: NO_WITNESS,
      })),
      outputs: [1, 2].map((i) => ({ value: BigInt(n * i), scriptPubKey: new Uint8Array(n).fill(i) })),
    });
  const spent = (n: number): TxOut[] => [1, 2, 3].map((i) => ({ value: BigInt(n + i), scriptPubKey: EMPTY }));
  const TYPES = [0, 1, 2, 3, 0x81, 0x82, 0x83];

  it('is never taken from another transaction or other spent outputs', () => {
    const calls = [4, 5].flatMap((n) => {
      const t = tx(n);
      const first = spent(n);
      const others = spent(n + 10);
      return [0, 1, 2].flatMap((index) =>
        TYPES.flatMap((type) => [
          () => legacySigHash(t, index, EMPTY, type),
          () => witnessV0SigHash(t, index, EMPTY, 7n, type),
          () => taprootSigHash({ tx: t, index, spent: first }, type, undefined, undefined),
          () => taprootSigHash({ tx: t, index, spent: others }, type, undefined, undefined),
        ]),
      );
    });
    const text = (hash: Uint8Array | undefined): string => (hash === undefined ? '-' : toHex(hash));
    const inOrder = calls.map((call) => text(call()));
    // Each stride visits all calls in another order.
    for (const stride of [5, 11, 13, 53, 167]) {
      for (let i = 0; i < calls.length; i++) {
        const at = (i * stride) % calls.length;
        assert.equal(text((calls[at] as () => Uint8Array | undefined)()), inOrder[at]);
      }
    }
    assert.ok(new Set(inOrder).size > 100);
  });

  /** Bytes given to SHA-256 while each of `count` inputs is hashed in each way, by way. */
  function hashedBytes(count: number): { readonly v0: number; readonly taproot: number } {
    const outs = Array.from({ length: count }, (_, i) => ({ value: BigInt(i), scriptPubKey: new Uint8Array(34) }));
    const inputs = outs.map((_, index) => ({
      prevout: { txid: new Uint8Array(32), index },
      scriptSig: EMPTY,
      sequence: 0,
      witness: NO_WITNESS,
    }));
    let bytes = 0;
    const counting = (data: Uint8Array): Uint8Array => {
      bytes += data.length;
      return jsHashProvider.sha256(data);
    };
    setHashProvider({ ...jsHashProvider, sha256: counting, hash256: (data) => counting(counting(data)) });
    try {
      const t = new Tx({ version: 2, lockTime: 0, inputs, outputs: outs });
      for (let i = 0; i < count; i++) for (const type of TYPES) witnessV0SigHash(t, i, EMPTY, 0n, type);
      const v0 = bytes;
      for (let index = 0; index < count; index++)
        for (const type of TYPES) taprootSigHash({ tx: t, index, spent: outs }, type, undefined, undefined);
      return { v0, taproot: bytes - v0 };
    } finally {
      setHashProvider(jsHashProvider);
    }
  }

  it('is hashed once, so that twice the inputs cost twice the hashing', () => {
    const small = hashedBytes(100);
    const large = hashedBytes(1000);
    for (const kind of ['v0', 'taproot'] as const) {
      const ratio = large[kind] / small[kind];
      assert.ok(ratio < 10.1, `${kind}: ${ratio}`);
    }
  });
});
