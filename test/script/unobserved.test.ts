import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { hash160 } from '../../src/crypto/hash.ts';
import { payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { pushData } from '../../src/script/push.ts';
import { observeScript, verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import { useMemoSecp } from './memoSecp.ts';
import {
  type Lock,
  p2pkh,
  p2shMultisig,
  p2trKey,
  p2trScript,
  p2wpkh,
  p2wshMultisig,
  signedSpend,
} from './signedSpends.ts';

/** `lock` wrapped in P2SH (BIP141). */
function nested(lock: Lock): Lock {
  const { scriptPubKey } = lock;
  return {
    scriptPubKey: payToScriptHash(hash160(scriptPubKey)),
    unlock: (spend) => ({ ...lock.unlock(spend), scriptSig: pushData(scriptPubKey) }),
  };
}

/** A witness program that nobody holds a key of. */
const open = (version: number, program: Uint8Array): Lock => ({
  scriptPubKey: payToWitness({ version, program }),
  unlock: () => ({ scriptSig: EMPTY, witness: [] }),
});
const ZEROS = new Uint8Array(20);
const NEGATIVE_ZERO = Uint8Array.of(...ZEROS, 0x80);

const LOCKS: readonly (() => Lock)[] = [
  () => p2pkh(1),
  () => p2wpkh(1),
  () => p2shMultisig(1),
  () => p2wshMultisig(1),
  () => p2trKey(1),
  () => p2trScript(1),
  () => nested(p2wpkh(1)),
  () => nested(p2wshMultisig(1)),
  () => open(0, ZEROS),
  () => open(1, ZEROS),
  () => open(16, NEGATIVE_ZERO),
  () => open(2, Uint8Array.of(1, 2)),
];

interface Parts {
  scriptPubKey: Uint8Array;
  scriptSig: Uint8Array;
  witness: readonly Uint8Array[];
}
type Change = (parts: Parts) => void;

function withByte(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const out = bytes.slice();
  if (out.length > 0) out[at % out.length] = byte;
  return out;
}

const at = fc.nat(200);
const byte = fc.oneof(fc.constantFrom(0, 1, 0x51, 0xff), fc.nat(255));
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, byte).map(
    ([n, b]): Change =>
      (p) => {
        p.scriptPubKey = withByte(p.scriptPubKey, n, b);
      },
  ),
  fc.tuple(at, byte).map(
    ([n, b]): Change =>
      (p) => {
        p.scriptSig = withByte(p.scriptSig, n, b);
      },
  ),
  fc.tuple(fc.nat(4), at, byte).map(
    ([i, n, b]): Change =>
      (p) => {
        p.witness = p.witness.map((item, k) => (k === i ? withByte(item, n, b) : item));
      },
  ),
  fc.nat(521).map(
    (n): Change =>
      (p) => {
        p.witness = [...p.witness, new Uint8Array(n).fill(1)];
      },
  ),
  fc.nat(4).map(
    (i): Change =>
      (p) => {
        p.witness = p.witness.filter((_, k) => k !== i);
      },
  ),
  fc.uint8Array({ maxLength: 3 }).map(
    (front): Change =>
      (p) => {
        p.scriptSig = concatBytes(front, p.scriptSig);
      },
  ),
);

describe('A script that nobody observes', () => {
  useMemoSecp();

  it('ends as one does that runs step by step, under any flags and whatever is wrong with it', function () {
    this.timeout(30_000);
    const spends = LOCKS.map((lock) => signedSpend([lock(), lock()]));
    const seen = new Set<string>();
    let steps = 0;
    const property = fc.property(
      fc.nat(LOCKS.length - 1),
      fc.nat(1),
      fc.array(change, { maxLength: 2 }),
      fc.nat(0x1fffff),
      (which, index, changes, flags) => {
        const { tx, spent } = spends[which] as { tx: Tx; spent: readonly TxOut[] };
        const input = tx.inputs[index] as TxIn;
        const output = spent[index] as TxOut;
        const parts: Parts = { ...output, ...input };
        for (const apply of changes) apply(parts);
        const { scriptPubKey, scriptSig, witness } = parts;
        const changed = new Tx({
          ...tx,
          inputs: tx.inputs.map((one, i) => (i === index ? { ...one, scriptSig, witness } : one)),
          outputs: tx.outputs,
        });
        const outputs = spent.map((one, i) => (i === index ? { ...one, scriptPubKey } : one));
        const expected = observeScript(changed, index, outputs, flags, () => void steps++);
        const got = verifyScript(changed, index, outputs, flags);
        assert.deepEqual(got, expected, `${toHex(changed.bytes)} ${toHex(scriptPubKey)} ${flags}`);
        seen.add(got.ok ? 'OK' : got.error);
      },
    );
    fc.assert(property, { numRuns: 6000 });
    assert.ok(steps > 6000);
    assert.ok(seen.size > 15, [...seen].join(' '));
  });
});
