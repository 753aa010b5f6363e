import { strict as assert } from 'node:assert';
import * as btc from '@scure/btc-signer';
import { sha256 } from '../../src/crypto/hash.ts';
import { secp } from '../../src/crypto/secp.ts';
import { decodeTx, NO_WITNESS, Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { useMemoSecp } from './memoSecp.ts';

const SECRET = sha256(Uint8Array.of(42));
const OTHER = sha256(Uint8Array.of(43));

/** Outputs of many kinds that one signer with both keys can spend. */
function payments() {
  const [key, other] = [SECRET, OTHER].map((secret) => secp().publicKeyOf(secret, true) as Uint8Array) as [
    Uint8Array,
    Uint8Array,
  ];
  const [x, otherX] = [key.subarray(1), other.subarray(1)];
  const multisig = btc.p2ms(2, [key, other]);
  // The package's types for trees do not know its own leaves.
  const tree = (leaves: object) => btc.p2tr(undefined, leaves as { script: Uint8Array });
  return [
    btc.p2pkh(key),
    btc.p2sh(btc.p2pk(key)),
    btc.p2wpkh(key),
    btc.p2sh(btc.p2wpkh(key)),
    btc.p2sh(multisig),
    btc.p2wsh(multisig),
    btc.p2sh(btc.p2wsh(multisig)),
    btc.p2wsh(btc.p2pkh(key)),
    btc.p2tr(x),
    tree(btc.p2tr_pk(x)),
    tree(btc.p2tr_ns(2, [x, otherX])),
    tree(btc.p2tr_ms(2, [x, otherX])),
    tree([...btc.p2tr_ns(1, [x, otherX]), btc.p2tr_pk(x)]),
  ];
}

function signed(sighash: number | undefined): { readonly tx: Tx; readonly spent: readonly TxOut[] } {
  const kinds = payments();
  const spent = kinds.map(({ script }, i) => ({ value: BigInt(10_000 + i), scriptPubKey: script }));
  const prevout = { txid: new Uint8Array(32).fill(1), index: 0 };
  const inputs = [{ prevout, scriptSig: EMPTY, sequence: 0, witness: NO_WITNESS }];
  const funding = new Tx({ version: 2, lockTime: 0, inputs, outputs: spent });
  const tx = new btc.Transaction({ lockTime: 5 });
  kinds.forEach((payment, index) => {
    const type = sighash === undefined ? {} : { sighashType: sighash };
    const nonWitnessUtxo = funding.bytes;
    tx.addInput({ ...payment, txid: funding.id, index, nonWitnessUtxo, sequence: 0xfffffffd, ...type });
  });
  for (let i = 0; i < kinds.length; i++)
    tx.addOutput({ amount: BigInt(i + 1), script: btc.p2wpkh(secp().publicKeyOf(SECRET, true) as Uint8Array).script });
  const allowed = sighash === undefined ? undefined : [sighash];
  for (const secret of [SECRET, OTHER]) tx.sign(secret, allowed);
  tx.finalize();
  return { tx: decodeTx(tx.extract()), spent };
}

describe('Spends signed by @scure/btc-signer', () => {
  useMemoSecp();

  for (const sighash of [undefined, 1, 2, 3, 0x81, 0x82, 0x83])
    it(`of every kind pass the standard flags, hash type ${sighash ?? 'default'}, and none for another amount or lock time`, () => {
      const { tx, spent } = signed(sighash);
      assert.equal(tx.inputs.length, 13);
      tx.inputs.forEach((input: TxIn, i) => {
        const { ok } = verifyScript(tx, i, spent, STANDARD_SCRIPT_FLAGS);
        assert.equal(ok, true, `input ${i}`);
        const later = decodeTx(tx.bytes.map((byte, at) => (at === tx.bytes.length - 1 ? byte ^ 1 : byte)));
        assert.equal(verifyScript(later, i, spent, STANDARD_SCRIPT_FLAGS).ok, false, `input ${i}, later`);
        const poorer = spent.map((out) => ({ ...out, value: out.value - 1n }));
        const signsAmount = input.witness.length > 0;
        assert.equal(verifyScript(tx, i, poorer, STANDARD_SCRIPT_FLAGS).ok, !signsAmount, `input ${i}, poorer`);
      });
    });
});
