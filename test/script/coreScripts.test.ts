import { strict as assert } from 'node:assert';
import { secp } from '../../src/crypto/secp.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { NO_WITNESS, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_ERRORS } from '../../src/script/errors.ts';
import { tapLeafHash, tapTweakHash } from '../../src/script/taproot.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { parseFlags, parseScript } from '../support/scriptText.ts';
import { vectorJson } from '../support/vectors.ts';
import { fillFlags, flagSets, trimFlags } from './flagSets.ts';
import { useMemoSecp } from './memoSecp.ts';

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

/** x of the generator: the point that BIP341 examples lift to an internal key with a known private key. */
const INTERNAL_KEY = fromHex('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

/** A taproot output with one leaf: its key and the leaf's control block. */
function oneLeaf(script: Uint8Array): { readonly key: Uint8Array; readonly control: Uint8Array } {
  const tweak = tapTweakHash(INTERNAL_KEY, tapLeafHash(0xc0, script));
  const output = secp().tweakAddXOnly(INTERNAL_KEY, tweak);
  assert.ok(output);
  return { key: output.xOnly, control: concatBytes(Uint8Array.of(0xc0 | output.parity), INTERNAL_KEY) };
}

interface ScriptCase {
  readonly text: string;
  readonly witness: readonly Uint8Array[];
  readonly spent: TxOut;
  readonly scriptSig: Uint8Array;
  readonly flags: number;
  readonly expected: string;
}

/** [[item…, amount]?, scriptSig, scriptPubKey, flags, expected, comment?]; undefined for a comment. Throws for anything else. */
function parseCase(row: readonly unknown[]): ScriptCase | undefined {
  if (row.length === 1 && typeof row[0] === 'string') return undefined;
  const text = JSON.stringify(row);
  const hasWitness = Array.isArray(row[0]);
  const [sig, pubkey, flags, expected, comment, ...more] = (hasWitness ? row.slice(1) : row) as string[];
  const strings = [sig, pubkey, flags, expected].every((field) => typeof field === 'string');
  if (!strings || more.length > 0 || !(comment === undefined || typeof comment === 'string'))
    throw new Error(`not a script test: ${text}`);
  if (expected !== 'OK' && !Object.hasOwn(SCRIPT_ERRORS, expected as string)) throw new Error(`unknown error: ${text}`);

  let witness: Uint8Array[] = [];
  let value = 0n;
  let leaf: ReturnType<typeof oneLeaf> | undefined;
  if (hasWitness) {
    const items = row[0] as (string | number)[];
    const amount = items.at(-1);
    if (typeof amount !== 'number') throw new Error(`no amount: ${text}`);
    value = BigInt(Math.round(amount * 1e8));
    witness = items.slice(0, -1).map((item) => {
      if (typeof item !== 'string') throw new Error(`not an item: ${text}`);
      if (item.startsWith('#SCRIPT#')) {
        const script = parseScript(item.slice('#SCRIPT#'.length));
        leaf = oneLeaf(script);
        return script;
      }
      if (item === '#CONTROLBLOCK#') {
        assert.ok(leaf, text);
        return leaf.control;
      }
      return fromHex(item);
    });
  }
  let scriptPubKey = pubkey as string;
  if (leaf !== undefined) scriptPubKey = scriptPubKey.replace('#TAPROOTOUTPUT#', `0x${toHex(leaf.key)}`);
  return {
    text,
    witness,
    spent: { value, scriptPubKey: parseScript(scriptPubKey) },
    scriptSig: parseScript(sig as string),
    flags: fillFlags(parseFlags(flags as string)),
    expected: expected as string,
  };
}

describe("Bitcoin Core's script tests", () => {
  useMemoSecp();

  it('end as they say, and no flag taken away breaks a good spend or added mends a bad one', function () {
    const rows = vectorJson<unknown[][]>(this, 'core/script_tests.json');
    const errors = new Set<string>();
    let cases = 0;
    for (const row of rows) {
      const test = parseCase(row);
      if (test === undefined) continue;
      cases++;
      errors.add(test.expected);
      const tx = spendingTx(test.scriptSig, test.witness, test.spent);
      const result = verifyScript(tx, 0, [test.spent], test.flags);
      assert.equal(result.ok ? 'OK' : result.error, test.expected, test.text);
      for (const extra of flagSets(16)) {
        const flags: number = result.ok ? trimFlags(test.flags & ~extra) : fillFlags(test.flags | extra);
        assert.equal(verifyScript(tx, 0, [test.spent], flags).ok, result.ok, `${test.text} with ${flags}`);
      }
    }
    assert.ok(cases >= 600 && errors.size >= 35, `${cases} cases, ${errors.size} results`);
  });

  it('are refused by the reader when they hold anything it does not know', () => {
    assert.throws(() => parseCase(['', 'FROB', '', 'OK']), /FROB/);
    assert.throws(() => parseCase(['', '1', 'P2SH,FROB', 'OK']), /FROB/);
    assert.throws(() => parseCase(['', '1', '', 'FROB']), /unknown error/);
    assert.throws(() => parseCase(['', '1', '', 'OK', '', 'more']), /not a script test/);
    assert.throws(() => parseCase([['00'], '', '1', '', 'OK']), /no amount/);
  });
});
