import { strict as assert } from 'node:assert';
import { hash160, sha256 } from '../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../src/crypto/secp.ts';
import { payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { NO_WITNESS } from '../../src/primitives/tx.ts';
import { MANDATORY_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { pushData } from '../../src/script/push.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { taprootSigHash } from '../../src/script/sighashTaproot.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import type { Spend } from '../../src/script/spend.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import { parseScript } from '../support/scriptText.ts';
import { type Lock, oneLeaf, signedSpend } from './signedSpends.ts';

const SECRET = new Uint8Array(32).fill(5);
const KEY = secp().publicKeyOf(SECRET, true) as Uint8Array;
const PUSH = `0x21 0x${toHex(KEY)}`;
const XPUSH = `0x20 0x${toHex(KEY.subarray(1))}`;

/** The script behind its first `n` opcodes OP_CODESEPARATOR; the tests' scripts have no 0xab elsewhere. */
function behind(script: Uint8Array, n: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < n; i++) at = script.indexOf(0xab, at) + 1;
  return script.subarray(at);
}

const ecdsa = (hash: Uint8Array): Uint8Array => concatBytes(signEcdsa(hash, SECRET) as Uint8Array, Uint8Array.of(1));

/** P2SH with a signature for the code behind the `n`-th separator. */
function legacy(script: Uint8Array, n: number): Lock {
  return {
    scriptPubKey: payToScriptHash(hash160(script)),
    unlock: ({ tx, index }) => {
      const sig = ecdsa(legacySigHash(tx, index, behind(script, n), 1));
      return { scriptSig: concatBytes(pushData(sig), pushData(script)), witness: NO_WITNESS };
    },
  };
}

function witness(script: Uint8Array, n: number): Lock {
  return {
    scriptPubKey: payToWitness({ version: 0, program: sha256(script) }),
    unlock: ({ tx, index, spent }: Spend) => {
      const value = spent[index]?.value as bigint;
      return { scriptSig: EMPTY, witness: [ecdsa(witnessV0SigHash(tx, index, behind(script, n), value, 1)), script] };
    },
  };
}

/** Tapscript with a signature for the separator at the opcode of this position. */
function tapscript(script: Uint8Array, codeSeparator: number): Lock {
  const { scriptPubKey, control, leafHash } = oneLeaf(1, script);
  return {
    scriptPubKey,
    unlock: (spend) => {
      const hash = taprootSigHash(spend, 0, undefined, { leafHash, codeSeparator }) as Uint8Array;
      const sig = secp().signSchnorr(hash, SECRET, new Uint8Array(32)) as Uint8Array;
      return { scriptSig: EMPTY, witness: [sig, script, control] };
    },
  };
}

function judge(lock: Lock): string {
  const { tx, spent } = signedSpend([lock]);
  const verdict = verifyScript(tx, 0, spent, MANDATORY_SCRIPT_FLAGS);
  return verdict.ok ? 'OK' : verdict.error;
}

describe('OP_CODESEPARATOR', () => {
  const cases: [script: string, separators: number][] = [
    [`${PUSH} CHECKSIG`, 0],
    [`CODESEPARATOR ${PUSH} CHECKSIG`, 1],
    [`${PUSH} CODESEPARATOR CHECKSIG`, 1],
    [`CODESEPARATOR ${PUSH} CODESEPARATOR CHECKSIG`, 2],
    [`0 IF CODESEPARATOR ENDIF ${PUSH} CHECKSIG`, 0],
    [`1 IF CODESEPARATOR ENDIF ${PUSH} CHECKSIG`, 1],
    [`${PUSH} CHECKSIG CODESEPARATOR`, 0],
    [`${PUSH} CODESEPARATOR CHECKSIG CODESEPARATOR`, 1],
  ];
  for (const [text, separators] of cases) {
    const script = parseScript(text);
    it(`in a legacy script: only what is behind the last executed one is signed: ${text}`, () => {
      assert.equal(judge(legacy(script, separators)), 'OK');
    });
    it(`in segwit version 0: ${text}`, () => {
      assert.equal(judge(witness(script, separators)), 'OK');
    });
  }

  it('behind the last executed one is part of a segwit version 0 code, but not of a legacy one', () => {
    const script = parseScript(`${PUSH} CHECKSIG CODESEPARATOR`);
    const other = parseScript(`${PUSH} CHECKSIG`);
    const { tx, spent } = signedSpend([witness(script, 0)]);
    assert.deepEqual(legacySigHash(tx, 0, script, 1), legacySigHash(tx, 0, other, 1));
    const value = spent[0]?.value as bigint;
    assert.notDeepEqual(witnessV0SigHash(tx, 0, script, value, 1), witnessV0SigHash(tx, 0, other, value, 1));
  });

  it('not executed yet does not count', () => {
    const script = parseScript(`CODESEPARATOR ${PUSH} CODESEPARATOR CHECKSIG`);
    for (const version of [legacy, witness]) {
      // Behind the first, the second is dropped from legacy code, so that the two differ by the key's push.
      assert.equal(judge(version(script, 1)), 'EVAL_FALSE');
      assert.equal(judge(version(script, 2)), 'OK');
    }
  });

  const positions: [script: string, position: number][] = [
    [`${XPUSH} CHECKSIG`, 0xffffffff],
    [`CODESEPARATOR ${XPUSH} CHECKSIG`, 0],
    [`${XPUSH} CODESEPARATOR CHECKSIG`, 1],
    [`CODESEPARATOR ${XPUSH} CODESEPARATOR CHECKSIG`, 2],
    [`0 IF CODESEPARATOR ENDIF ${XPUSH} CHECKSIG`, 0xffffffff],
    [`1 IF CODESEPARATOR ENDIF ${XPUSH} CHECKSIG`, 2],
    [`0 IF CODESEPARATOR 'text' ENDIF CODESEPARATOR ${XPUSH} CHECKSIG`, 5],
    [`${XPUSH} CHECKSIG CODESEPARATOR`, 0xffffffff],
  ];
  for (const [text, position] of positions)
    it(`in tapscript: its position in opcodes is signed: ${text}`, () => {
      assert.equal(judge(tapscript(parseScript(text), position)), 'OK');
      assert.equal(judge(tapscript(parseScript(text), position ^ 1)), 'SCHNORR_SIG');
    });
});
