import { strict as assert } from 'node:assert';
import { checkTxAlone } from '../../src/ledger/tx/checkTxAlone.ts';
import { parseHash } from '../../src/primitives/hash.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';
import { decodeTx, type Tx, type TxOut } from '../../src/primitives/tx.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { fromHex } from '../../src/util/hex.ts';
import { ALL_FLAGS, parseFlags, parseScript } from '../support/scriptText.ts';
import { vectorJson } from '../support/vectors.ts';
import { fillFlags, flagSets, SINGLE_FLAGS, trimFlags, withoutOne } from './flagSets.ts';
import { useMemoSecp } from './memoSecp.ts';

type PrevOut = [txid: string, index: number, script: string, value?: number];

interface TxCase {
  readonly hex: string;
  readonly tx: Tx;
  readonly spent: readonly TxOut[];
  readonly flags: string;
}

/** Outputs spent by the inputs, in order; every input must have one. */
function spentOutputs(tx: Tx, prevouts: readonly PrevOut[]): TxOut[] {
  const known = new Map<string, TxOut>();
  for (const [txid, index, script, value] of prevouts)
    known.set(outPointKey({ txid: parseHash(txid), index: index >>> 0 }), {
      scriptPubKey: parseScript(script),
      value: BigInt(value ?? 0),
    });
  return tx.inputs.map((input) => {
    const out = known.get(outPointKey(input.prevout));
    assert.ok(out, tx.id);
    return out;
  });
}

/** [[prevout…], transaction, flags] or a comment; anything else throws. */
function readCases(rows: readonly unknown[][]): TxCase[] {
  return rows.flatMap((row) => {
    if (row.length === 1 && typeof row[0] === 'string') return [];
    assert.ok(Array.isArray(row[0]) && row.length === 3, JSON.stringify(row));
    const [prevouts, hex, flags] = row as [PrevOut[], string, string];
    const tx = decodeTx(fromHex(hex));
    return [{ hex, tx, spent: spentOutputs(tx, prevouts), flags }];
  });
}

const spends = ({ tx, spent }: TxCase, flags: number): boolean =>
  tx.inputs.every((_, i) => verifyScript(tx, i, spent, flags).ok);

describe("Bitcoin Core's transaction tests", () => {
  useMemoSecp();

  it('valid ones pass with all flags but the excluded ones, with any fewer, and with no excluded one', function () {
    const cases = readCases(vectorJson<unknown[][]>(this, 'core/tx_valid.json'));
    assert.ok(cases.length >= 50, `${cases.length} cases`);
    for (const test of cases) {
      assert.ok(checkTxAlone(test.tx).ok, test.hex);
      const excluded = parseFlags(test.flags);
      assert.ok(spends(test, ALL_FLAGS & ~excluded), test.hex);
      for (const fewer of SINGLE_FLAGS) assert.ok(spends(test, trimFlags(ALL_FLAGS & ~(excluded | fewer))), test.hex);
      for (const fewer of flagSets(16)) assert.ok(spends(test, trimFlags(ALL_FLAGS & ~(excluded | fewer))), test.hex);
      for (const less of withoutOne(excluded)) assert.equal(spends(test, ALL_FLAGS & ~less), false, test.hex);
    }
  });

  it('invalid ones fail with the named flags, with any more, and pass when one of them is missing', function () {
    const cases = readCases(vectorJson<unknown[][]>(this, 'core/tx_invalid.json'));
    assert.ok(cases.length >= 40, `${cases.length} cases`);
    for (const test of cases) {
      if (test.flags === 'BADTX') {
        assert.equal(checkTxAlone(test.tx).ok, false, test.hex);
        continue;
      }
      const flags = parseFlags(test.flags);
      assert.equal(fillFlags(flags), flags, test.hex);
      assert.equal(spends(test, flags), false, test.hex);
      for (const more of SINGLE_FLAGS) assert.equal(spends(test, fillFlags(flags | more)), false, test.hex);
      for (const more of flagSets(16)) assert.equal(spends(test, fillFlags(flags | more)), false, test.hex);
      for (const less of withoutOne(flags)) assert.ok(spends(test, trimFlags(less)), test.hex);
    }
  });

  it('holds a signature over the number one: SIGHASH_SINGLE without an output of that index', function () {
    const cases = readCases(vectorJson<unknown[][]>(this, 'core/tx_valid.json'));
    const single = cases.filter(({ tx }) =>
      tx.inputs.some(
        ({ scriptSig }, i) => ((scriptSig[scriptSig[0] ?? 0] ?? 0) & 0x1f) === 3 && i >= tx.outputs.length,
      ),
    );
    assert.ok(single.length >= 1);
  });
});
