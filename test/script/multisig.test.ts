import { strict as assert } from 'node:assert';
import { sha256 } from '../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../src/crypto/secp.ts';
import { SCRIPT_FLAGS as F } from '../../src/script/flags.ts';
import type { ScriptVersion } from '../../src/script/interpreter/machine.ts';
import { OP } from '../../src/script/opcodes.ts';
import { pushData, pushNumber } from '../../src/script/push.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { plainTx, run } from './runScript.ts';

const SECRETS = [1, 2, 3].map((n) => sha256(Uint8Array.of(n)));
const KEYS = SECRETS.map((secret) => secp().publicKeyOf(secret, true) as Uint8Array);
const TX = plainTx();
const VALUE = 1000n;
const SCRIPT = concatBytes(pushNumber(2), ...KEYS.map(pushData), pushNumber(3), Uint8Array.of(OP.OP_CHECKMULTISIG));

function sign(n: number, version: ScriptVersion, script = SCRIPT): Uint8Array {
  const hash = version === 'base' ? legacySigHash(TX, 0, script, 1) : witnessV0SigHash(TX, 0, script, VALUE, 1);
  return concatBytes(signEcdsa(hash, SECRETS[n] as Uint8Array) as Uint8Array, Uint8Array.of(1));
}

function check(stack: readonly Uint8Array[], version: ScriptVersion, flags = 0, script = SCRIPT): string {
  const spent = [{ value: VALUE, scriptPubKey: EMPTY }];
  const end = run(script, { stack, version, flags, tx: TX, spent });
  return end.error ?? (end.stack.length === 1 && end.stack[0]?.[0] === 1 ? 'true' : `false ${end.stack.length}`);
}

for (const version of ['base', 'witness_v0'] as const)
  describe(`OP_CHECKMULTISIG, ${version}`, () => {
    const sigs = [0, 1, 2].map((n) => sign(n, version));
    const [a, b, c] = sigs as [Uint8Array, Uint8Array, Uint8Array];
    const wrong = sign(0, version === 'base' ? 'witness_v0' : 'base');

    it('takes signatures in the order of their keys', () => {
      for (const pair of [
        [a, b],
        [a, c],
        [b, c],
      ])
        assert.equal(check([EMPTY, ...pair], version, F.NULLFAIL), 'true');
      for (const pair of [
        [b, a],
        [c, a],
        [a, a],
        [a, wrong],
      ])
        assert.equal(check([EMPTY, ...pair], version), 'false 1');
    });

    it('with NULLFAIL fails unless all signatures are empty', () => {
      assert.equal(check([EMPTY, b, a], version, F.NULLFAIL), 'NULLFAIL');
      assert.equal(check([EMPTY, EMPTY, a], version, F.NULLFAIL), 'NULLFAIL');
      assert.equal(check([EMPTY, a, EMPTY], version, F.NULLFAIL), 'NULLFAIL');
      assert.equal(check([EMPTY, EMPTY, EMPTY], version, F.NULLFAIL), 'false 1');
      assert.equal(check([Uint8Array.of(1), EMPTY, EMPTY], version, F.NULLFAIL), 'false 1');
    });

    it('takes one item too many, which must be empty with NULLDUMMY (BIP147)', () => {
      assert.equal(check([Uint8Array.of(7), a, b], version), 'true');
      assert.equal(check([Uint8Array.of(7), a, b], version, F.NULLDUMMY), 'SIG_NULLDUMMY');
      assert.equal(check([Uint8Array.of(0), a, b], version, F.NULLDUMMY), 'SIG_NULLDUMMY');
      assert.equal(check([EMPTY, a, b], version, F.NULLDUMMY), 'true');
      assert.equal(check([a, b], version), 'INVALID_STACK_OPERATION');
      assert.equal(check([Uint8Array.of(7), b, a], version, F.NULLDUMMY | F.NULLFAIL), 'NULLFAIL');
    });

    it('judges encodings from the last key on, and only of what it tries', () => {
      const hybrid = concatBytes(Uint8Array.of(5), (KEYS[0] as Uint8Array).subarray(1));
      const script = (first: Uint8Array, last: Uint8Array): Uint8Array =>
        concatBytes(pushNumber(1), pushData(first), pushData(last), pushNumber(2), Uint8Array.of(OP.OP_CHECKMULTISIG));
      const good = script(hybrid, KEYS[1] as Uint8Array);
      assert.equal(check([EMPTY, sign(1, version, good)], version, F.STRICTENC, good), 'true');
      const bad = script(KEYS[0] as Uint8Array, hybrid);
      assert.equal(check([EMPTY, sign(0, version, bad)], version, F.STRICTENC, bad), 'PUBKEYTYPE');
      assert.equal(check([EMPTY, sign(0, version, bad)], version, 0, bad), 'true');
      assert.equal(check([EMPTY, Uint8Array.of(1), b], version, F.STRICTENC), 'SIG_DER');
      // Both signatures fail against the first tried keys, so the third key is never looked at.
      assert.equal(check([EMPTY, Uint8Array.of(1), wrong], version, F.STRICTENC), 'false 1');
    });

    it('of nothing is true, and its VERIFY form leaves nothing', () => {
      const none = Uint8Array.of(OP.OP_0, OP.OP_0, OP.OP_0, OP.OP_CHECKMULTISIG);
      assert.equal(check([], version, 0, none), 'true');
      const verify = concatBytes(SCRIPT.subarray(0, -1), Uint8Array.of(OP.OP_CHECKMULTISIGVERIFY));
      const [x, y] = [sign(0, version, verify), sign(1, version, verify)];
      assert.equal(check([EMPTY, x, y], version, 0, verify), 'false 0');
      assert.equal(check([EMPTY, y, x], version, 0, verify), 'CHECKMULTISIGVERIFY');
    });
  });

describe('FindAndDelete', () => {
  // ⟨sig⟩ OP_DROP ⟨key⟩ OP_CHECKSIG: the signature cannot sign itself, so legacy code leaves its push out.
  const rest = concatBytes(Uint8Array.of(OP.OP_DROP), pushData(KEYS[0] as Uint8Array), Uint8Array.of(OP.OP_CHECKSIG));

  it('leaves the signature out of a legacy script, and CONST_SCRIPTCODE forbids that', () => {
    const sig = sign(0, 'base', rest);
    const script = concatBytes(pushData(sig), rest);
    assert.equal(check([sig], 'base', 0, script), 'true');
    assert.equal(check([sig], 'base', F.CONST_SCRIPTCODE, script), 'SIG_FINDANDDELETE');
  });

  it('does not look into segwit scripts', () => {
    const sig = sign(0, 'witness_v0', rest);
    const script = concatBytes(pushData(sig), rest);
    assert.equal(check([sig], 'witness_v0', F.CONST_SCRIPTCODE, script), 'false 1');
  });

  it('leaves out every signature of OP_CHECKMULTISIG, also those that are not tried', () => {
    const multisig = concatBytes(
      Uint8Array.of(OP.OP_2DROP, OP.OP_2),
      ...KEYS.map(pushData),
      Uint8Array.of(OP.OP_3, OP.OP_CHECKMULTISIG),
    );
    const [a, b] = [sign(0, 'base', multisig), sign(1, 'base', multisig)] as [Uint8Array, Uint8Array];
    const script = concatBytes(pushData(a), pushData(b), multisig);
    assert.equal(check([EMPTY, a, b], 'base', 0, script), 'true');
    assert.equal(check([EMPTY, a, b], 'base', F.CONST_SCRIPTCODE, script), 'SIG_FINDANDDELETE');
  });

  it('of the empty signature takes OP_0s out', () => {
    const script = concatBytes(Uint8Array.of(OP.OP_0, OP.OP_DROP), rest.subarray(1));
    const sig = sign(0, 'base', script);
    assert.equal(check([sig], 'base', 0, script), 'true');
    assert.equal(check([EMPTY], 'base', F.CONST_SCRIPTCODE, script), 'SIG_FINDANDDELETE');
  });
});
