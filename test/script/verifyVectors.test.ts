import { strict as assert } from 'node:assert';
import { parseHash, ZERO_HASH } from '../../src/primitives/hash.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';
import { decodeTx, NO_WITNESS, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';
import { ALL_FLAGS, parseFlags, parseScript } from '../support/scriptText.ts';
import { vectorJson } from '../support/vectors.ts';

/** The transaction pair that Bitcoin Core's script tests spend with. */
function spendingTx(scriptSig: Uint8Array, witness: readonly Uint8Array[], spent: TxOut): Tx {
  const credit = new Tx({
    version: 1,
    lockTime: 0,
    inputs: [
      {
        prevout: { txid: ZERO_HASH, index: 0xffffffff },
        scriptSig: Uint8Array.of(0, 0),
        sequence: 0xffffffff,
        witness: NO_WITNESS,
      },
    ],
    outputs: [spent],
  });
  return new Tx({
    version: 1,
    lockTime: 0,
    inputs: [{ prevout: { txid: credit.txid, index: 0 }, scriptSig, sequence: 0xffffffff, witness }],
    outputs: [{ value: spent.value, scriptPubKey: EMPTY }],
  });
}

type PrevOut = [txid: string, index: number, script: string, value?: number];
type TxRow = [PrevOut[], string, string];

const isTxRow = (row: unknown[]): row is TxRow => Array.isArray(row[0]) && row.length === 3;

/** Outputs spent by the inputs, in order. */
function spentOutputs(tx: Tx, prevouts: readonly PrevOut[]): TxOut[] | undefined {
  const known = new Map<string, TxOut>();
  for (const [txid, index, script, value] of prevouts)
    known.set(outPointKey({ txid: parseHash(txid), index: index >>> 0 }), {
      scriptPubKey: parseScript(script),
      value: BigInt(value ?? 0),
    });
  const spent = tx.inputs.map((i) => known.get(outPointKey(i.prevout)));
  return spent.every((s) => s !== undefined) ? spent : undefined;
}

describe("The judge of spends on Bitcoin Core's vectors", () => {
  it('gives the named result of each script test or NOT_SUPPORTED, and never accepts what must fail', function () {
    const rows = vectorJson<unknown[][]>(this, 'core/script_tests.json');
    let judged = 0;
    let accepted = 0;
    for (const row of rows) {
      if (row.length === 1) continue; // a comment
      let witness: Uint8Array[] = [];
      let value = 0n;
      let rest = row;
      if (Array.isArray(row[0])) {
        const items = row[0] as (string | number)[];
        if (items.some((i) => typeof i === 'string' && i.startsWith('#'))) continue; // tapscript templates: no spend of ours
        witness = items.slice(0, -1).map((hex) => fromHex(hex as string));
        value = BigInt(Math.round((items.at(-1) as number) * 1e8));
        rest = row.slice(1);
      }
      const [sig, pubkey, flags, expected] = rest as [string, string, string, string];
      if (pubkey.includes('#')) continue;
      const spent = { value, scriptPubKey: parseScript(pubkey) };
      const result = verifyScript(spendingTx(parseScript(sig), witness, spent), 0, [spent], parseFlags(flags));
      if (!result.ok && result.error === 'NOT_SUPPORTED') continue;
      judged++;
      if (!result.ok && result.error === 'OP_RETURN') {
        // Refused whatever the input script does, which may have failed before with an error of its own.
        assert.notEqual(expected, 'OK', JSON.stringify(row));
        continue;
      }
      assert.equal(result.ok ? 'OK' : result.error, expected, JSON.stringify(row));
      if (result.ok) accepted++;
    }
    assert.ok(judged >= 10 && accepted >= 1, `${judged} judged, ${accepted} accepted`);
  });

  it('accepts no input of tx_invalid.json with the flags named there, unless another input or a check of the whole is at fault', function () {
    const rows = vectorJson<unknown[][]>(this, 'core/tx_invalid.json').filter(isTxRow);
    assert.ok(rows.length > 30);
    for (const [prevouts, hex, flags] of rows) {
      if (flags === 'BADTX') continue;
      const tx = decodeTx(fromHex(hex));
      const spent = spentOutputs(tx, prevouts) as TxOut[];
      const results = tx.inputs.map((_, i) => verifyScript(tx, i, spent, parseFlags(flags)));
      assert.ok(
        results.some((r) => !r.ok),
        hex,
      );
    }
  });

  it('rejects no input of tx_valid.json with all flags but those named there, except as NOT_SUPPORTED', function () {
    const rows = vectorJson<unknown[][]>(this, 'core/tx_valid.json').filter(isTxRow);
    let accepted = 0;
    let signedOne = 0;
    for (const [prevouts, hex, excluded] of rows) {
      const tx = decodeTx(fromHex(hex));
      const spent = spentOutputs(tx, prevouts) as TxOut[];
      tx.inputs.forEach((_, i) => {
        const result = verifyScript(tx, i, spent, ALL_FLAGS & ~parseFlags(excluded));
        if (result.ok) {
          accepted++;
          const sig = tx.inputs[i]?.scriptSig as Uint8Array;
          const hashType = sig[sig[0] as number] as number;
          if ((hashType & 0x1f) === 3 && i >= tx.outputs.length) signedOne++;
        } else assert.equal(result.error, 'NOT_SUPPORTED', hex);
      });
    }
    assert.ok(accepted >= 10, `${accepted} accepted`);
    assert.ok(signedOne >= 1, 'a SIGHASH_SINGLE signature without output is among them');
  });
});
