import { strict as assert } from 'node:assert';
import { parseLaxDer, verifiableSignature } from '../../src/crypto/laxDer.ts';
import { REGTEST_PREFIXES } from '../../src/params/prefixes.ts';
import { NO_WITNESS, Tx } from '../../src/primitives/tx.ts';
import { scriptToAsm } from '../../src/script/asm.ts';
import { ScriptCursor } from '../../src/script/cursor.ts';
import { inferDescriptor } from '../../src/script/descriptor.ts';
import { SCRIPT_ERRORS } from '../../src/script/errors.ts';
import { MANDATORY_SCRIPT_FLAGS, STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { isPushOnly } from '../../src/script/push.ts';
import { checkPublicKeyEncoding, checkSignatureEncoding, isStrictDerSignature } from '../../src/script/sigEncoding.ts';
import { countSigOps, p2shSigOps, witnessSigOpCost } from '../../src/script/sigops.ts';
import { classifyOutput } from '../../src/script/templates.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { fromHex } from '../../src/util/hex.ts';
import type { FuzzTarget } from './run.ts';
import * as S from './samples.ts';

const SCRIPTS = [
  S.P2PKH,
  S.P2SH,
  S.P2WPKH,
  S.P2TR,
  S.MULTISIG,
  S.CARRIER,
  // Conditions, arithmetic, hashes, a long push.
  fromHex('51639367008868ac'),
  fromHex('5293549c69a8a9aaac75760088'),
  fromHex(`4c50${'07'.repeat(80)}75514e0200000001`),
];

/** A spend of `script` by `script`: what runs is bounded and ends in a verdict. */
function spend(script: Uint8Array): void {
  const input = { prevout: { txid: S.hash(1), index: 0 }, scriptSig: script, sequence: 0, witness: NO_WITNESS };
  const tx = new Tx({
    version: 2,
    inputs: [input, { ...input, scriptSig: new Uint8Array(0), witness: [script] }],
    outputs: [],
    lockTime: 0,
  });
  const spent = [
    { value: 1n, scriptPubKey: script },
    { value: 1n, scriptPubKey: S.P2TR },
  ];
  for (const flags of [0, MANDATORY_SCRIPT_FLAGS, STANDARD_SCRIPT_FLAGS])
    for (const index of [0, 1]) {
      const result = verifyScript(tx, index, spent, flags);
      if (!result.ok) assert.ok(Object.hasOwn(SCRIPT_ERRORS, result.error), result.error);
    }
}

function walk(script: Uint8Array): boolean {
  const cursor = new ScriptCursor(script);
  let steps = 0;
  while (cursor.next()) assert.ok(++steps <= script.length);
  return cursor.atEnd;
}

const DER = fromHex(`3044022${'0'}${'11'.repeat(32)}0220${'22'.repeat(32)}01`);

export const SCRIPT_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'script',
    samples: SCRIPTS,
    run: (bytes) => {
      walk(bytes);
      assert.ok(countSigOps(bytes, true) <= countSigOps(bytes, false));
      assert.ok(scriptToAsm(bytes, true).length >= 0);
      assert.ok(inferDescriptor(bytes, REGTEST_PREFIXES).includes('#'));
      classifyOutput(bytes);
      isPushOnly(bytes);
      p2shSigOps(bytes, S.P2SH);
      witnessSigOpCost(bytes, S.P2SH, [bytes], MANDATORY_SCRIPT_FLAGS);
      return true;
    },
  },
  {
    name: 'script run',
    samples: SCRIPTS,
    run: (bytes) => {
      spend(bytes);
      return true;
    },
  },
  {
    name: 'signature and key',
    samples: [DER, fromHex(`02${'11'.repeat(32)}`), fromHex(`04${'11'.repeat(64)}`)],
    run: (bytes) => {
      if (isStrictDerSignature(bytes)) assert.ok(parseLaxDer(bytes.subarray(0, -1)) !== undefined);
      verifiableSignature(bytes);
      checkSignatureEncoding(bytes, STANDARD_SCRIPT_FLAGS);
      checkPublicKeyEncoding(bytes, STANDARD_SCRIPT_FLAGS, true);
      return true;
    },
  },
];
