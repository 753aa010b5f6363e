import { strict as assert } from 'node:assert';
import { decodeTx, type Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { MANDATORY_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorText } from '../support/vectors.ts';

/** Bitcoin with up to eight decimals as satoshi. */
function satoshi(btc: string): bigint {
  const [whole, decimals = ''] = btc.split('.') as [string, string?];
  return BigInt(whole + decimals.padEnd(8, '0'));
}

/** Each example's signed transaction, and the outputs named in front of it, in the order of its inputs. */
function* examples(text: string): Generator<{ readonly tx: Tx; readonly spent: readonly TxOut[] }> {
  const found = /scriptPubKey ?: ([0-9a-f]+),? value: ([\d.]+)|serialized signed transaction is:\s+([0-9a-f]+)/g;
  let spent: TxOut[] = [];
  for (const [, script, value, signed] of text.matchAll(found)) {
    if (signed === undefined) {
      spent.push({ scriptPubKey: fromHex(script as string), value: satoshi(value as string) });
      continue;
    }
    yield { tx: decodeTx(fromHex(signed)), spent };
    spent = [];
  }
  assert.equal(spent.length, 0, 'every output is spent');
}

describe('BIP143 examples', () => {
  it('verify: keys, P2WSH with code separators, all hash types, no FindAndDelete', function () {
    const text = vectorText(this, 'bips/bip143-testvectors.txt');
    let count = 0;
    for (const { tx, spent } of examples(text)) {
      count++;
      assert.equal(spent.length, tx.inputs.length, tx.id);
      tx.inputs.forEach((_, i) => {
        assert.deepEqual(verifyScript(tx, i, spent, MANDATORY_SCRIPT_FLAGS), { ok: true }, `${tx.id} ${i}`);
        const poorer = spent.map((out) => ({ ...out, value: out.value - 1n }));
        const signsAmount = (tx.inputs[i] as TxIn).witness.length > 0;
        assert.equal(verifyScript(tx, i, poorer, MANDATORY_SCRIPT_FLAGS).ok, !signsAmount, `${tx.id} ${i} with less`);
      });
    }
    assert.equal(count, 6);
  });
});
