import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { hash160, sha256 } from '../../src/crypto/hash.ts';
import { encodeDer, normalizeS } from '../../src/crypto/laxDer.ts';
import { secp, signEcdsa } from '../../src/crypto/secp.ts';
import { payToPubKeyHash, payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { Tx, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_FLAGS as F, STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { OP } from '../../src/script/opcodes.ts';
import { pushData } from '../../src/script/push.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

const KEY = new Uint8Array(32).fill(7);
const PUB = secp().publicKeyOf(KEY, true) as Uint8Array;
const PUB65 = secp().publicKeyOf(KEY, false) as Uint8Array;
const HYBRID = concatBytes(Uint8Array.of(6 + ((PUB65[64] as number) & 1)), PUB65.subarray(1));
const VALUE = 5_000n;
const CONSENSUS =
  F.P2SH | F.DERSIG | F.NULLDUMMY | F.CHECKLOCKTIMEVERIFY | F.CHECKSEQUENCEVERIFY | F.WITNESS | F.TAPROOT;

interface Parts {
  readonly scriptSig?: Uint8Array;
  readonly witness?: readonly Uint8Array[];
}

function makeTx({ scriptSig = EMPTY, witness = [] }: Parts, prev = 1): Tx {
  const prevout = { txid: new Uint8Array(32).fill(prev), index: 0 };
  return new Tx({
    version: 2,
    lockTime: 0,
    inputs: [{ prevout, scriptSig, sequence: 0xfffffffe, witness }],
    outputs: [{ value: 1n, scriptPubKey: Uint8Array.of(OP.OP_RETURN) }],
  });
}

const UNSIGNED = makeTx({});
const p2pkh = (key: Uint8Array): TxOut => ({ value: VALUE, scriptPubKey: payToPubKeyHash(hash160(key)) });
const p2wpkh = (key: Uint8Array): TxOut => ({
  value: VALUE,
  scriptPubKey: payToWitness({ version: 0, program: hash160(key) }),
});
const withType = (der: Uint8Array, type: number): Uint8Array => concatBytes(der, Uint8Array.of(type));
const sign = (hash: Uint8Array): Uint8Array => signEcdsa(hash, KEY) as Uint8Array;
const signLegacy = (key = PUB, type = 1): Uint8Array =>
  withType(sign(legacySigHash(UNSIGNED, 0, p2pkh(key).scriptPubKey, type)), type);
const signWitness = (key = PUB, type = 1, value = VALUE): Uint8Array =>
  withType(sign(witnessV0SigHash(UNSIGNED, 0, payToPubKeyHash(hash160(key)), value, type)), type);
const pushes = (...items: Uint8Array[]): Uint8Array => concatBytes(...items.map(pushData));
/** The signature with s replaced by order − s. */
function highS(sig: Uint8Array): Uint8Array {
  const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const rLength = sig[3] as number;
  const r = toHex(sig.subarray(4, 4 + rLength))
    .padStart(64, '0')
    .slice(-64);
  const s = toHex(sig.subarray(6 + rLength, sig.length - 1))
    .padStart(64, '0')
    .slice(-64);
  const compact = fromHex(r + (ORDER - BigInt(`0x${s}`)).toString(16).padStart(64, '0'));
  assert.notDeepEqual(normalizeS(compact), compact);
  return withType(encodeDer(compact), sig.at(-1) as number);
}

function judge(parts: Parts, spent: TxOut, flags: number): string {
  const result = verifyScript(makeTx(parts), 0, [spent], flags);
  if (!result.ok) assert.ok(result.detail.length > 0);
  return result.ok ? 'OK' : result.error;
}

type Case = [what: string, parts: Parts, spent: TxOut, flags: number, expected: string];

function runCases(cases: readonly Case[]): void {
  for (const [what, parts, spent, flags, expected] of cases)
    it(`${what}: ${expected}`, () => {
      assert.equal(judge(parts, spent, flags), expected);
    });
}

describe('Spending P2PKH', () => {
  const sig = signLegacy();
  const good = { scriptSig: pushes(sig, PUB) };
  const lax = concatBytes(sig.subarray(0, 1), Uint8Array.of(0x81), sig.subarray(1));
  const zeroHash = { value: VALUE, scriptPubKey: payToPubKeyHash(new Uint8Array(20)) };
  runCases([
    ['signature and key', good, p2pkh(PUB), STANDARD_SCRIPT_FLAGS, 'OK'],
    ['uncompressed key', { scriptSig: pushes(signLegacy(PUB65), PUB65) }, p2pkh(PUB65), STANDARD_SCRIPT_FLAGS, 'OK'],
    ['hybrid key by consensus', { scriptSig: pushes(signLegacy(HYBRID), HYBRID) }, p2pkh(HYBRID), CONSENSUS, 'OK'],
    ['hybrid key', { scriptSig: pushes(signLegacy(HYBRID), HYBRID) }, p2pkh(HYBRID), F.STRICTENC, 'PUBKEYTYPE'],
    ['other key', { scriptSig: pushes(sig, PUB65) }, p2pkh(PUB), CONSENSUS, 'EQUALVERIFY'],
    ['all hash types', { scriptSig: pushes(signLegacy(PUB, 0x83), PUB) }, p2pkh(PUB), STANDARD_SCRIPT_FLAGS, 'OK'],
    ['undefined hash type by consensus', { scriptSig: pushes(signLegacy(PUB, 5), PUB) }, p2pkh(PUB), CONSENSUS, 'OK'],
    ['undefined hash type', { scriptSig: pushes(signLegacy(PUB, 5), PUB) }, p2pkh(PUB), F.STRICTENC, 'SIG_HASHTYPE'],
    [
      'wrong hash type',
      { scriptSig: pushes(withType(sig.subarray(0, -1), 2), PUB) },
      p2pkh(PUB),
      CONSENSUS,
      'EVAL_FALSE',
    ],
    ['wrong signature', { scriptSig: pushes(signWitness(), PUB) }, p2pkh(PUB), CONSENSUS, 'EVAL_FALSE'],
    ['wrong signature with NULLFAIL', { scriptSig: pushes(signWitness(), PUB) }, p2pkh(PUB), F.NULLFAIL, 'NULLFAIL'],
    [
      'empty signature with NULLFAIL',
      { scriptSig: pushes(EMPTY, PUB) },
      p2pkh(PUB),
      STANDARD_SCRIPT_FLAGS,
      'EVAL_FALSE',
    ],
    ['high S by consensus', { scriptSig: pushes(highS(sig), PUB) }, p2pkh(PUB), CONSENSUS, 'OK'],
    ['high S', { scriptSig: pushes(highS(sig), PUB) }, p2pkh(PUB), F.LOW_S, 'SIG_HIGH_S'],
    ['sloppy DER before BIP66', { scriptSig: pushes(lax, PUB) }, p2pkh(PUB), F.P2SH, 'OK'],
    ['sloppy DER', { scriptSig: pushes(lax, PUB) }, p2pkh(PUB), F.DERSIG, 'SIG_DER'],
    ['hash type byte alone', { scriptSig: pushes(Uint8Array.of(1), PUB) }, p2pkh(PUB), F.NONE, 'EVAL_FALSE'],
    ['nothing', {}, p2pkh(PUB), CONSENSUS, 'INVALID_STACK_OPERATION'],
    ['key alone', { scriptSig: pushes(PUB) }, p2pkh(PUB), CONSENSUS, 'INVALID_STACK_OPERATION'],
    ['a wrong key alone', { scriptSig: pushes(PUB65) }, p2pkh(PUB), CONSENSUS, 'EQUALVERIFY'],
    ['an item too many by consensus', { scriptSig: pushes(EMPTY, sig, PUB) }, p2pkh(PUB), CONSENSUS, 'OK'],
    ['an item too many', { scriptSig: pushes(EMPTY, sig, PUB) }, p2pkh(PUB), STANDARD_SCRIPT_FLAGS, 'CLEANSTACK'],
    [
      'longer push opcode by consensus',
      { scriptSig: concatBytes(Uint8Array.of(0x4c), good.scriptSig) },
      p2pkh(PUB),
      CONSENSUS,
      'OK',
    ],
    [
      'longer push opcode',
      { scriptSig: concatBytes(Uint8Array.of(0x4c), good.scriptSig) },
      p2pkh(PUB),
      F.MINIMALDATA,
      'MINIMALDATA',
    ],
    ['cut-off push', { scriptSig: good.scriptSig.subarray(0, -1) }, p2pkh(PUB), CONSENSUS, 'BAD_OPCODE'],
    ['push above 520 bytes', { scriptSig: pushes(new Uint8Array(521), sig, PUB) }, p2pkh(PUB), CONSENSUS, 'PUSH_SIZE'],
    ['push of 520 bytes', { scriptSig: pushes(new Uint8Array(520), sig, PUB) }, p2pkh(PUB), CONSENSUS, 'OK'],
    ['998 items', { scriptSig: concatBytes(new Uint8Array(996), good.scriptSig) }, p2pkh(PUB), CONSENSUS, 'OK'],
    ['999 items', { scriptSig: concatBytes(new Uint8Array(997), good.scriptSig) }, p2pkh(PUB), CONSENSUS, 'STACK_SIZE'],
    [
      '1001 items',
      { scriptSig: concatBytes(new Uint8Array(999), good.scriptSig) },
      p2pkh(PUB),
      CONSENSUS,
      'STACK_SIZE',
    ],
    ['more than 10000 bytes', { scriptSig: new Uint8Array(10_001) }, p2pkh(PUB), CONSENSUS, 'SCRIPT_SIZE'],
    [
      'OP_RESERVED',
      { scriptSig: concatBytes(Uint8Array.of(OP.OP_RESERVED), good.scriptSig) },
      p2pkh(PUB),
      CONSENSUS,
      'BAD_OPCODE',
    ],
    [
      'an opcode that is no push',
      { scriptSig: concatBytes(Uint8Array.of(OP.OP_NOP), good.scriptSig) },
      p2pkh(PUB),
      CONSENSUS,
      'OK',
    ],
    [
      'the same',
      { scriptSig: concatBytes(Uint8Array.of(OP.OP_NOP), good.scriptSig) },
      p2pkh(PUB),
      F.SIGPUSHONLY,
      'SIG_PUSHONLY',
    ],
    ['a witness', { ...good, witness: [EMPTY] }, p2pkh(PUB), CONSENSUS, 'WITNESS_UNEXPECTED'],
    ['a witness before segwit', { ...good, witness: [EMPTY] }, p2pkh(PUB), F.P2SH, 'OK'],
    [
      'the key hash as signature',
      { scriptSig: pushes(hash160(PUB), PUB) },
      p2pkh(PUB),
      F.CONST_SCRIPTCODE,
      'SIG_FINDANDDELETE',
    ],
    [
      'the key hash as signature by consensus',
      { scriptSig: pushes(hash160(PUB), PUB) },
      p2pkh(PUB),
      F.NONE,
      'EVAL_FALSE',
    ],
    [
      'an empty key that hashes to something else',
      { scriptSig: pushes(sig, EMPTY) },
      zeroHash,
      CONSENSUS,
      'EQUALVERIFY',
    ],
    ['an empty key', { scriptSig: pushes(sig, EMPTY) }, p2pkh(EMPTY), CONSENSUS, 'EVAL_FALSE'],
  ]);

  it('signs only this transaction', () => {
    const other = makeTx(good, 2);
    assert.equal(verifyScript(other, 0, [p2pkh(PUB)], CONSENSUS).ok, false);
  });
});

describe('Spending P2WPKH', () => {
  const sig = signWitness();
  const good = { witness: [sig, PUB] };
  const zeros = { value: VALUE, scriptPubKey: payToWitness({ version: 0, program: new Uint8Array(20) }) };
  const negative = new Uint8Array(20);
  negative[19] = 0x80;
  const negativeZero = { value: VALUE, scriptPubKey: payToWitness({ version: 0, program: negative }) };
  runCases([
    ['signature and key', good, p2wpkh(PUB), STANDARD_SCRIPT_FLAGS, 'OK'],
    [
      'signed for another amount',
      { witness: [signWitness(PUB, 1, VALUE + 1n), PUB] },
      p2wpkh(PUB),
      CONSENSUS,
      'EVAL_FALSE',
    ],
    ['legacy signature', { witness: [signLegacy(), PUB] }, p2wpkh(PUB), STANDARD_SCRIPT_FLAGS, 'NULLFAIL'],
    ['other key', { witness: [sig, PUB65] }, p2wpkh(PUB), CONSENSUS, 'EQUALVERIFY'],
    ['uncompressed key by consensus', { witness: [signWitness(PUB65), PUB65] }, p2wpkh(PUB65), CONSENSUS, 'OK'],
    [
      'uncompressed key',
      { witness: [signWitness(PUB65), PUB65] },
      p2wpkh(PUB65),
      F.P2SH | F.WITNESS | F.WITNESS_PUBKEYTYPE,
      'WITNESS_PUBKEYTYPE',
    ],
    ['high S by consensus', { witness: [highS(sig), PUB] }, p2wpkh(PUB), CONSENSUS, 'OK'],
    ['high S', { witness: [highS(sig), PUB] }, p2wpkh(PUB), STANDARD_SCRIPT_FLAGS, 'SIG_HIGH_S'],
    ['a script beside the witness', { ...good, scriptSig: pushes(PUB) }, p2wpkh(PUB), CONSENSUS, 'WITNESS_MALLEATED'],
    [
      'an opcode beside the witness',
      { ...good, scriptSig: Uint8Array.of(OP.OP_NOP) },
      p2wpkh(PUB),
      CONSENSUS,
      'WITNESS_MALLEATED',
    ],
    ['no witness', {}, p2wpkh(PUB), CONSENSUS, 'WITNESS_PROGRAM_MISMATCH'],
    ['legacy spend of a segwit output', { scriptSig: pushes(sig, PUB) }, p2wpkh(PUB), CONSENSUS, 'WITNESS_MALLEATED'],
    ['one witness item', { witness: [PUB] }, p2wpkh(PUB), CONSENSUS, 'WITNESS_PROGRAM_MISMATCH'],
    ['three witness items', { witness: [EMPTY, sig, PUB] }, p2wpkh(PUB), CONSENSUS, 'WITNESS_PROGRAM_MISMATCH'],
    ['empty signature', { witness: [EMPTY, PUB] }, p2wpkh(PUB), STANDARD_SCRIPT_FLAGS, 'EVAL_FALSE'],
    ['a witness item above 520 bytes', { witness: [new Uint8Array(521), PUB] }, p2wpkh(PUB), CONSENSUS, 'PUSH_SIZE'],
    ['a zero program', good, zeros, CONSENSUS, 'EVAL_FALSE'],
    ['a negative zero program', good, negativeZero, CONSENSUS, 'EVAL_FALSE'],
    ['before segwit, when anybody could spend it', {}, p2wpkh(PUB), F.P2SH, 'OK'],
  ]);
});

describe('Other spends', () => {
  const out = (scriptPubKey: Uint8Array): TxOut => ({ value: VALUE, scriptPubKey });
  const bare = concatBytes(pushData(PUB), Uint8Array.of(OP.OP_CHECKSIG));
  const bareSig = withType(sign(legacySigHash(UNSIGNED, 0, bare, 1)), 1);
  const nested = payToWitness({ version: 0, program: hash160(PUB) });
  const p2sh = (redeem: Uint8Array): TxOut => out(payToScriptHash(hash160(redeem)));
  const p2wsh = (script: Uint8Array): TxOut => out(payToWitness({ version: 0, program: sha256(script) }));
  const future = out(payToWitness({ version: 16, program: new Uint8Array(2).fill(1) }));
  const anchor = out(fromHex('51024e73'));
  runCases([
    ['OP_RETURN', {}, out(fromHex('6a0141')), CONSENSUS, 'OP_RETURN'],
    ['OP_RETURN by an input that fails itself', { scriptSig: fromHex('05') }, out(fromHex('6a')), 0, 'BAD_OPCODE'],
    ['a script above 10000 bytes', {}, out(new Uint8Array(10_001).fill(0x51)), CONSENSUS, 'SCRIPT_SIZE'],
    ['an empty script and OP_1', { scriptSig: fromHex('51') }, out(EMPTY), CONSENSUS, 'OK'],
    ['an empty script and nothing', {}, out(EMPTY), CONSENSUS, 'EVAL_FALSE'],
    ['an empty script and zero', { scriptSig: fromHex('00') }, out(EMPTY), CONSENSUS, 'EVAL_FALSE'],
    ['a bare key', { scriptSig: pushes(bareSig) }, out(bare), STANDARD_SCRIPT_FLAGS, 'OK'],
    ["a bare key by another script's signature", { scriptSig: pushes(signLegacy()) }, out(bare), 0, 'EVAL_FALSE'],
    [
      'an open OP_IF in the input script',
      { scriptSig: fromHex('5163') },
      out(fromHex('51')),
      0,
      'UNBALANCED_CONDITIONAL',
    ],
    ['P2SH of OP_1', { scriptSig: fromHex('0151') }, p2sh(fromHex('51')), STANDARD_SCRIPT_FLAGS, 'OK'],
    ['P2SH of OP_0', { scriptSig: fromHex('0100') }, p2sh(fromHex('00')), CONSENSUS, 'EVAL_FALSE'],
    ['P2SH of OP_0 before BIP16', { scriptSig: fromHex('0100') }, p2sh(fromHex('00')), F.NONE, 'OK'],
    ['P2SH without its script', {}, p2sh(fromHex('51')), CONSENSUS, 'INVALID_STACK_OPERATION'],
    ['P2SH with an opcode beside', { scriptSig: fromHex('610151') }, p2sh(fromHex('51')), CONSENSUS, 'SIG_PUSHONLY'],
    [
      'P2SH in P2SH',
      { scriptSig: pushes(p2sh(EMPTY).scriptPubKey) },
      p2sh(p2sh(EMPTY).scriptPubKey),
      CONSENSUS,
      'INVALID_STACK_OPERATION',
    ],
    [
      'P2SH that leaves more than one item',
      { scriptSig: pushes(EMPTY, fromHex('51')) },
      p2sh(fromHex('51')),
      F.P2SH | F.WITNESS | F.CLEANSTACK,
      'CLEANSTACK',
    ],
    [
      'P2WPKH in P2SH',
      { scriptSig: pushes(nested), witness: [signWitness(), PUB] },
      p2sh(nested),
      STANDARD_SCRIPT_FLAGS,
      'OK',
    ],
    [
      'P2WPKH in P2SH, longer push',
      { scriptSig: concatBytes(fromHex('4c'), pushes(nested)), witness: [signWitness(), PUB] },
      p2sh(nested),
      CONSENSUS,
      'WITNESS_MALLEATED_P2SH',
    ],
    [
      'P2WPKH in P2SH, a push more',
      { scriptSig: pushes(EMPTY, nested), witness: [signWitness(), PUB] },
      p2sh(nested),
      CONSENSUS,
      'WITNESS_MALLEATED_P2SH',
    ],
    ['P2WPKH in P2SH before segwit', { scriptSig: pushes(nested) }, p2sh(nested), F.P2SH, 'OK'],
    ['P2WSH', { witness: [fromHex('51')] }, p2wsh(fromHex('51')), STANDARD_SCRIPT_FLAGS, 'OK'],
    [
      'P2WSH of another script',
      { witness: [fromHex('52')] },
      p2wsh(fromHex('51')),
      CONSENSUS,
      'WITNESS_PROGRAM_MISMATCH',
    ],
    ['P2WSH without witness', {}, p2wsh(fromHex('51')), CONSENSUS, 'WITNESS_PROGRAM_WITNESS_EMPTY'],
    ['P2WSH that leaves zero', { witness: [fromHex('00')] }, p2wsh(fromHex('00')), CONSENSUS, 'EVAL_FALSE'],
    ['P2WSH that leaves two items', { witness: [EMPTY, fromHex('51')] }, p2wsh(fromHex('51')), CONSENSUS, 'CLEANSTACK'],
    ['P2WSH that leaves none', { witness: [EMPTY] }, p2wsh(EMPTY), CONSENSUS, 'CLEANSTACK'],
    [
      'P2WSH of 10000 bytes',
      { witness: [new Uint8Array(10_000).fill(0x61)] },
      p2wsh(new Uint8Array(10_000).fill(0x61)),
      CONSENSUS,
      'OP_COUNT',
    ],
    [
      'P2WSH of 10001 bytes',
      { witness: [new Uint8Array(10_001).fill(0x61)] },
      p2wsh(new Uint8Array(10_001).fill(0x61)),
      CONSENSUS,
      'SCRIPT_SIZE',
    ],
    [
      'version 0 of another length',
      {},
      out(payToWitness({ version: 0, program: new Uint8Array(31).fill(1) })),
      CONSENSUS,
      'WITNESS_PROGRAM_WRONG_LENGTH',
    ],
    ['a future witness version', {}, future, CONSENSUS, 'OK'],
    ['a future witness version by policy', {}, future, STANDARD_SCRIPT_FLAGS, 'DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM'],
    [
      'a future witness version that is zero',
      {},
      out(payToWitness({ version: 2, program: new Uint8Array(2) })),
      CONSENSUS,
      'EVAL_FALSE',
    ],
    ['anchor', {}, anchor, STANDARD_SCRIPT_FLAGS, 'OK'],
    ['anchor with a witness', { witness: [EMPTY] }, anchor, STANDARD_SCRIPT_FLAGS, 'OK'],
    [
      'anchor in P2SH',
      { scriptSig: pushes(anchor.scriptPubKey) },
      p2sh(anchor.scriptPubKey),
      STANDARD_SCRIPT_FLAGS,
      'DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM',
    ],
    [
      'taproot in P2SH',
      { scriptSig: pushes(payToWitness({ version: 1, program: PUB.subarray(1) })) },
      p2sh(payToWitness({ version: 1, program: PUB.subarray(1) })),
      CONSENSUS,
      'OK',
    ],
  ]);
});

describe('Any bytes at all', () => {
  it('get a verdict, never a throw, and key hashes never an OK without a signature', () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    const keyHashes = fc.constantFrom(p2pkh(PUB).scriptPubKey, p2wpkh(PUB).scriptPubKey);
    const item = fc.oneof(bytes, fc.constant(PUB), fc.constant(signLegacy().subarray(0, 40)));
    const sigScript = fc.oneof(
      bytes,
      fc.array(item, { maxLength: 4 }).map((items) => pushes(...items)),
    );
    fc.assert(
      fc.property(
        sigScript,
        fc.array(item, { maxLength: 3 }),
        keyHashes,
        fc.nat(0x1fffff).map((flags) => flags | F.WITNESS | F.P2SH),
        (scriptSig, witness, scriptPubKey, flags) => {
          assert.notEqual(judge({ scriptSig, witness }, { value: VALUE, scriptPubKey }, flags), 'OK');
        },
      ),
      { numRuns: 500 },
    );
  });
});
