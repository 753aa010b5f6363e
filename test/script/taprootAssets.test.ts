import { strict as assert } from 'node:assert';
import { decodeTx, NO_WITNESS, readTxOut, Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_FLAGS as F } from '../../src/script/flags.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { decodeAll } from '../../src/util/codec.ts';
import { fromHex } from '../../src/util/hex.ts';
import { parseFlags } from '../support/scriptText.ts';
import { vectorText } from '../support/vectors.ts';
import { useMemoSecp } from './memoSecp.ts';

/** Consensus flags, which sets of them may hold: WITNESS needs P2SH, TAPROOT needs WITNESS. */
const CONSENSUS = [F.P2SH, F.DERSIG, F.NULLDUMMY, F.CHECKLOCKTIMEVERIFY, F.CHECKSEQUENCEVERIFY, F.WITNESS, F.TAPROOT];
const SETS = Array.from({ length: 2 ** CONSENSUS.length }, (_, bits) =>
  CONSENSUS.reduce((flags, flag, i) => ((bits >> i) & 1 ? flags | flag : flags), 0),
).filter(
  (flags) =>
    !((flags & F.WITNESS) !== 0 && (flags & F.P2SH) === 0) && !((flags & F.TAPROOT) !== 0 && (flags & F.WITNESS) === 0),
);

interface Unlock {
  readonly scriptSig: string;
  readonly witness: readonly string[];
}
interface Asset {
  readonly name: string;
  readonly tx: string;
  readonly prevouts: readonly string[];
  readonly index: number;
  readonly flags: string;
  readonly comment: string;
  readonly success?: Unlock;
  readonly failure?: Unlock;
  readonly final?: boolean;
}
const KEYS = new Set(['name', 'tx', 'prevouts', 'index', 'flags', 'comment', 'success', 'failure', 'final']);

function unlocked(tx: Tx, index: number, { scriptSig, witness, ...more }: Unlock): Tx {
  assert.deepEqual(more, {});
  const inputs: TxIn[] = [...tx.inputs];
  inputs[index] = {
    ...(tx.inputs[index] as TxIn),
    scriptSig: fromHex(scriptSig),
    witness: witness.length === 0 ? NO_WITNESS : witness.map(fromHex),
  };
  return new Tx({ version: tx.version, inputs, outputs: tx.outputs, lockTime: tx.lockTime });
}

describe("Bitcoin Core's taproot script assets", () => {
  useMemoSecp();

  it('succeed under their flags and every subset (the final ones under all), fail under every superset', function () {
    this.timeout(20_000);
    const lines = vectorText(this, 'taproot/script_assets.ndjson.gz').trim().split('\n');
    assert.ok(lines.length >= 1000, `${lines.length} cases`);
    assert.equal(SETS.length, 64);
    for (const line of lines) {
      const test = JSON.parse(line) as Asset;
      for (const key of Object.keys(test)) assert.ok(KEYS.has(key), `${test.name}: ${key}`);
      assert.ok(test.success ?? test.failure, test.name);
      const tx = decodeTx(fromHex(test.tx));
      const spent: TxOut[] = test.prevouts.map((hex) => decodeAll(fromHex(hex), readTxOut, 'prevout'));
      assert.equal(spent.length, tx.inputs.length, test.name);
      const flags = parseFlags(test.flags);
      const what = `${test.name} ${test.comment}`;
      if (test.success !== undefined) {
        const good = unlocked(tx, test.index, test.success);
        for (const set of SETS)
          if (test.final === true || (set & flags) === set)
            assert.deepEqual(verifyScript(good, test.index, spent, set), { ok: true }, `${what} with ${set}`);
      }
      if (test.failure !== undefined) {
        const bad = unlocked(tx, test.index, test.failure);
        for (const set of SETS)
          if ((set & flags) === flags) assert.equal(verifyScript(bad, test.index, spent, set).ok, false, what);
      }
    }
  });
});
