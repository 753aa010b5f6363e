import { strict as assert } from 'node:assert';
import { secp } from '../../src/crypto/secp.ts';
import { NO_WITNESS, Tx, type TxIn } from '../../src/primitives/tx.ts';
import { SCRIPT_FLAGS as F, MANDATORY_SCRIPT_FLAGS, STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { pushData } from '../../src/script/push.ts';
import { annexHash, taprootSigHash } from '../../src/script/sighashTaproot.ts';
import type { Spend } from '../../src/script/spend.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { parseScript } from '../support/scriptText.ts';
import { type Lock, oneLeaf, p2trKey, signedSpend } from './signedSpends.ts';

const SECRET = new Uint8Array(32).fill(5);
const KEY = (secp().publicKeyOf(SECRET, true) as Uint8Array).subarray(1);
const PUSH = `0x20 0x${toHex(KEY)}`;
const CONSENSUS = MANDATORY_SCRIPT_FLAGS;

interface Extra {
  readonly hashType?: number;
  readonly annex?: Uint8Array;
  readonly leafVersion?: number;
}

function sign(spend: Spend, leafHash: Uint8Array, { hashType = 0, annex }: Extra = {}): Uint8Array {
  const hash = taprootSigHash(spend, hashType, annex && annexHash(annex), { leafHash, codeSeparator: 0xffffffff });
  const sig = secp().signSchnorr(hash as Uint8Array, SECRET, new Uint8Array(32)) as Uint8Array;
  return hashType === 0 ? sig : concatBytes(sig, Uint8Array.of(hashType));
}

/** Spends a one-leaf output with these items below the script; "sig" becomes the signature. */
function judge(
  script: Uint8Array,
  items: readonly (Uint8Array | 'sig')[],
  flags = CONSENSUS,
  extra: Extra = {},
): string {
  const { scriptPubKey, control, leafHash } = oneLeaf(3, script, extra.leafVersion);
  const lock: Lock = {
    scriptPubKey,
    unlock: (spend) => {
      const given = items.map((item) => (item === 'sig' ? sign(spend, leafHash, extra) : item));
      const annex = extra.annex === undefined ? [] : [extra.annex];
      return { scriptSig: EMPTY, witness: [...given, script, control, ...annex] };
    },
  };
  const { tx, spent } = signedSpend([lock, p2trKey(9)]);
  const verdict = verifyScript(tx, 0, spent, flags);
  return verdict.ok ? 'OK' : verdict.error;
}

const text = (script: string, items: readonly (Uint8Array | 'sig')[] = [], flags?: number, extra?: Extra): string =>
  judge(parseScript(script), items, flags, extra);

describe('Tapscript signatures (BIP342)', () => {
  it('are Schnorr signatures by 32-byte keys, good, or the script fails', () => {
    assert.equal(text(`${PUSH} CHECKSIG`, ['sig'], STANDARD_SCRIPT_FLAGS), 'OK');
    assert.equal(text(`${PUSH} CHECKSIGVERIFY 1`, ['sig']), 'OK');
    assert.equal(text(`${PUSH} CHECKSIG`, [new Uint8Array(64)]), 'SCHNORR_SIG');
    assert.equal(text(`${PUSH} CHECKSIG NOT`, [new Uint8Array(64)]), 'SCHNORR_SIG');
    assert.equal(text(`${PUSH} CHECKSIG`, [new Uint8Array(63)]), 'SCHNORR_SIG_SIZE');
    assert.equal(text(`${PUSH} CHECKSIG`, [new Uint8Array(66)]), 'SCHNORR_SIG_SIZE');
  });

  it('may be empty, which is merely false', () => {
    assert.equal(text(`${PUSH} CHECKSIG`, [EMPTY]), 'EVAL_FALSE');
    assert.equal(text(`${PUSH} CHECKSIG NOT`, [EMPTY], STANDARD_SCRIPT_FLAGS), 'OK');
    assert.equal(text(`${PUSH} CHECKSIGVERIFY 1`, [EMPTY]), 'CHECKSIGVERIFY');
  });

  it('by an empty key fail, also when they are empty', () => {
    assert.equal(text('0 CHECKSIG NOT', [EMPTY]), 'TAPSCRIPT_EMPTY_PUBKEY');
    assert.equal(text('0 CHECKSIG', ['sig']), 'TAPSCRIPT_EMPTY_PUBKEY');
    assert.equal(text('0 0 0 CHECKSIGADD NOT'), 'TAPSCRIPT_EMPTY_PUBKEY');
  });

  it('by keys of other lengths count as good unless they are empty; policy discourages them', () => {
    for (const key of ['1', "'ab'", `0x21 0x02${toHex(KEY)}`]) {
      assert.equal(text(`${key} CHECKSIG`, [Uint8Array.of(1)]), 'OK');
      assert.equal(text(`${key} CHECKSIG NOT`, [EMPTY]), 'OK');
      assert.equal(
        text(`${key} CHECKSIG`, [Uint8Array.of(1)], STANDARD_SCRIPT_FLAGS),
        'DISCOURAGE_UPGRADABLE_PUBKEYTYPE',
      );
      assert.equal(text(`${key} CHECKSIG NOT`, [EMPTY], STANDARD_SCRIPT_FLAGS), 'DISCOURAGE_UPGRADABLE_PUBKEYTYPE');
    }
  });

  it('are counted by OP_CHECKSIGADD', () => {
    assert.equal(
      text(`${PUSH} CHECKSIG ${PUSH} CHECKSIGADD ${PUSH} CHECKSIGADD 2 NUMEQUAL`, [EMPTY, 'sig', 'sig']),
      'OK',
    );
    assert.equal(text(`-1 ${PUSH} CHECKSIGADD NOT`, ['sig']), 'OK');
    assert.equal(text(`2147483647 ${PUSH} CHECKSIGADD SIZE 5 EQUALVERIFY`, ['sig']), 'OK');
    assert.equal(text(`0x05 0x0100000000 ${PUSH} CHECKSIGADD`, ['sig']), 'SCRIPTNUM');
    assert.equal(text('0 CHECKSIGADD'), 'INVALID_STACK_OPERATION');
  });

  it('are not checked by OP_CHECKMULTISIG', () => {
    assert.equal(text('0 0 0 CHECKMULTISIG'), 'TAPSCRIPT_CHECKMULTISIG');
    assert.equal(text('0 0 0 CHECKMULTISIGVERIFY 1'), 'TAPSCRIPT_CHECKMULTISIG');
    assert.equal(text('0 IF CHECKMULTISIG ENDIF 1'), 'OK');
  });

  it('have the hash types of BIP341 alone', () => {
    for (const hashType of [1, 2, 3, 0x81, 0x82, 0x83])
      assert.equal(text(`${PUSH} CHECKSIG`, ['sig'], CONSENSUS, { hashType }), 'OK');
    for (const hashType of [0, 4, 0x1f, 0x41, 0x80, 0x84, 0xff])
      assert.equal(
        text(`${PUSH} CHECKSIG`, [concatBytes(new Uint8Array(64), Uint8Array.of(hashType))]),
        'SCHNORR_SIG_HASHTYPE',
        String(hashType),
      );
  });

  it('cover the annex', () => {
    const annex = Uint8Array.of(0x50, 1, 2, 3);
    assert.equal(text(`${PUSH} CHECKSIG`, ['sig'], CONSENSUS, { annex }), 'OK');
    assert.equal(text(`${PUSH} CHECKSIG`, ['sig'], CONSENSUS, { annex: Uint8Array.of(0x50) }), 'OK');
    const { scriptPubKey, control, leafHash } = oneLeaf(3, parseScript(`${PUSH} CHECKSIG`));
    const lock: Lock = {
      scriptPubKey,
      unlock: (spend) => {
        const witness = [sign(spend, leafHash), parseScript(`${PUSH} CHECKSIG`), control, annex];
        return { scriptSig: EMPTY, witness };
      },
    };
    const { tx, spent } = signedSpend([lock]);
    const verdict = verifyScript(tx, 0, spent, CONSENSUS);
    assert.equal(verdict.ok ? 'OK' : verdict.error, 'SCHNORR_SIG');
  });
});

describe('The budget for signatures in tapscript (BIP342)', () => {
  /** Bytes of the witness with its count: n checks, one signature, padding in the annex. */
  const checks = (n: number): string => `${`2DUP CHECKSIGVERIFY `.repeat(n - 1)}CHECKSIG`;

  it('is 50 weight units for each signature that is not empty, from the size of the witness and 50', () => {
    // Witness: count 1, signature 1 + 64, key 1 + 32, script 1 + n, control block 1 + 33, annex 1 + its length.
    const n = 5;
    const script = parseScript(checks(n));
    const size = 1 + 65 + 33 + (1 + script.length) + 34;
    const missing = n * 50 - 50 - size;
    assert.ok(missing > 2);
    assert.equal(judge(script, ['sig', KEY]), 'TAPSCRIPT_VALIDATION_WEIGHT');
    const annex = (length: number): Uint8Array => new Uint8Array(length).fill(0x50);
    assert.equal(judge(script, ['sig', KEY], CONSENSUS, { annex: annex(missing - 1) }), 'OK');
    assert.equal(judge(script, ['sig', KEY], CONSENSUS, { annex: annex(missing - 2) }), 'TAPSCRIPT_VALIDATION_WEIGHT');
  });

  it('is also taken by keys of unknown versions, but not by empty signatures', () => {
    const unknown = parseScript(`${'2DUP CHECKSIGVERIFY '.repeat(5)}CHECKSIG`);
    assert.equal(judge(unknown, [Uint8Array.of(1), Uint8Array.of(2)]), 'TAPSCRIPT_VALIDATION_WEIGHT');
    const empty = parseScript(`${'2DUP CHECKSIG NOT VERIFY '.repeat(50)}CHECKSIG NOT`);
    assert.equal(judge(empty, [EMPTY, KEY]), 'OK');
  });

  it('is looked at before the key', () => {
    const script = parseScript(`${`2DUP CHECKSIGVERIFY `.repeat(3)}DROP 0 CHECKSIG`);
    // Two checks of a 1-byte key fit into 1 + 2 + 2 + 9 + 34 + 50 = 98 < 100 only once.
    assert.equal(judge(script, [Uint8Array.of(1), Uint8Array.of(2)]), 'TAPSCRIPT_VALIDATION_WEIGHT');
    assert.equal(judge(parseScript('0 CHECKSIG'), [Uint8Array.of(1)]), 'TAPSCRIPT_EMPTY_PUBKEY');
  });
});

describe('OP_SUCCESS (BIP342)', () => {
  it('ends a tapscript well before anything is executed, also past limits and broken pushes', () => {
    assert.equal(text('0 RETURN 0x50'), 'OK');
    assert.equal(text('0 IF 0xbb ENDIF 0'), 'OK');
    assert.equal(judge(fromHex('fe4c'), []), 'OK');
    assert.equal(judge(concatBytes(pushData(new Uint8Array(521)), fromHex('7e')), []), 'OK');
    assert.equal(text('0x50', [new Uint8Array(521)]), 'OK');
    assert.equal(
      text(
        '0x50',
        Array.from({ length: 1001 }, () => EMPTY),
      ),
      'OK',
    );
  });

  it('behind a broken push or inside a push is none', () => {
    assert.equal(judge(fromHex('4c05fe'), []), 'BAD_OPCODE');
    assert.equal(judge(fromHex('01fe'), []), 'OK');
    assert.equal(judge(fromHex('01fe00'), []), 'CLEANSTACK');
  });

  it('is discouraged by policy', () => {
    assert.equal(text('0x50', [], STANDARD_SCRIPT_FLAGS), 'DISCOURAGE_OP_SUCCESS');
    assert.equal(text('1 0xfe 0x4c', [], STANDARD_SCRIPT_FLAGS), 'DISCOURAGE_OP_SUCCESS');
  });

  it('is not 0xff, OP_VER inside a branch, nor anything BIP342 left failing', () => {
    assert.equal(text('0xff'), 'BAD_OPCODE');
    assert.equal(text('1 0x65'), 'BAD_OPCODE');
    assert.equal(text('0 IF 0x66 ENDIF 1'), 'BAD_OPCODE');
  });
});

describe('Tapscript limits', () => {
  it('of witness items: 1000 before the script runs, 520 bytes each', () => {
    assert.equal(
      text(
        '2DROP '.repeat(499),
        Array.from({ length: 999 }, () => Uint8Array.of(1)),
      ),
      'OK',
    );
    assert.equal(
      text(
        `${'2DROP '.repeat(500)}1`,
        Array.from({ length: 1000 }, () => EMPTY),
      ),
      'OK',
    );
    assert.equal(
      text(
        `${'2DROP '.repeat(500)}`,
        Array.from({ length: 1001 }, () => EMPTY),
      ),
      'STACK_SIZE',
    );
    assert.equal(text('DROP 1', [new Uint8Array(520)]), 'OK');
    assert.equal(text('DROP 1', [new Uint8Array(521)]), 'PUSH_SIZE');
  });

  it('of the result: one true item', () => {
    assert.equal(text('1 1'), 'CLEANSTACK');
    assert.equal(text(''), 'CLEANSTACK');
    assert.equal(text('0'), 'EVAL_FALSE');
  });
});

describe('Taproot outputs (BIP341)', () => {
  const leaf = oneLeaf(3, parseScript('1'));

  function spendWith(witness: readonly Uint8Array[], flags = CONSENSUS, scriptPubKey = leaf.scriptPubKey): string {
    const lock: Lock = { scriptPubKey, unlock: () => ({ scriptSig: EMPTY, witness }) };
    const { tx, spent } = signedSpend([lock]);
    const verdict = verifyScript(tx, 0, spent, flags);
    return verdict.ok ? 'OK' : verdict.error;
  }

  it('need a witness once taproot is active', () => {
    assert.equal(spendWith([]), 'WITNESS_PROGRAM_WITNESS_EMPTY');
    assert.equal(spendWith([], CONSENSUS & ~F.TAPROOT), 'OK');
  });

  it('have control blocks of 33 + 32·m bytes, up to 128 nodes', () => {
    const script = parseScript('1');
    assert.equal(spendWith([script, leaf.control]), 'OK');
    for (const size of [0, 1, 32, 34, 64, 66, 33 + 32 * 129])
      assert.equal(spendWith([script, new Uint8Array(size)]), 'TAPROOT_WRONG_CONTROL_SIZE', String(size));
    for (const size of [65, 33 + 32 * 128])
      assert.equal(spendWith([script, new Uint8Array(size).fill(0xc0)]), 'WITNESS_PROGRAM_MISMATCH', String(size));
  });

  it('commit to the script, the internal key, the leaf version and the parity', () => {
    assert.equal(spendWith([parseScript('2'), leaf.control]), 'WITNESS_PROGRAM_MISMATCH');
    for (const at of [0, 1, 32]) {
      for (const bit of at === 0 ? [1, 2, 0x80] : [1]) {
        const control = leaf.control.slice();
        control[at] = (control[at] as number) ^ bit;
        assert.equal(spendWith([parseScript('1'), control]), 'WITNESS_PROGRAM_MISMATCH', `${at} ${bit}`);
      }
    }
  });

  it('succeed with leaf versions of the future, which policy discourages', () => {
    for (const leafVersion of [0xbe, 0xc2, 0x00, 0xfe, 0x66]) {
      const future = oneLeaf(3, fromHex('6a'), leafVersion);
      const witness = [fromHex('6a'), future.control];
      assert.equal(spendWith(witness, CONSENSUS, future.scriptPubKey), 'OK');
      const policy = spendWith(witness, STANDARD_SCRIPT_FLAGS, future.scriptPubKey);
      assert.equal(policy, 'DISCOURAGE_UPGRADABLE_TAPROOT_VERSION');
    }
  });

  it('take the last of two or more items for an annex when it starts with 0x50', () => {
    const script = parseScript('1');
    assert.equal(spendWith([script, leaf.control, Uint8Array.of(0x50)]), 'OK');
    assert.equal(spendWith([script, leaf.control, Uint8Array.of(0x51)]), 'TAPROOT_WRONG_CONTROL_SIZE');
    assert.equal(spendWith([script, leaf.control, EMPTY]), 'TAPROOT_WRONG_CONTROL_SIZE');
    assert.equal(spendWith([Uint8Array.of(0x50)]), 'SCHNORR_SIG_SIZE');
    assert.equal(spendWith([new Uint8Array(64), Uint8Array.of(0x50)]), 'SCHNORR_SIG');
  });

  it('are spent by key with a signature that no input script accompanies', () => {
    const { tx, spent } = signedSpend([p2trKey(1), p2trKey(2)]);
    for (const index of [0, 1]) assert.deepEqual(verifyScript(tx, index, spent, STANDARD_SCRIPT_FLAGS), { ok: true });
    const inputs: TxIn[] = tx.inputs.map((input) => ({ ...input, scriptSig: fromHex('00') }));
    const verdict = verifyScript(new Tx({ ...tx, inputs }), 0, spent, CONSENSUS);
    assert.equal(verdict.ok ? 'OK' : verdict.error, 'WITNESS_MALLEATED');
    const swapped: TxIn[] = tx.inputs.map((input, i) => ({
      ...input,
      witness: tx.inputs[1 - i]?.witness ?? NO_WITNESS,
    }));
    assert.equal(verifyScript(new Tx({ ...tx, inputs: swapped }), 0, spent, CONSENSUS).ok, false);
  });

  it('are signed with the amounts and scripts of all spent outputs', () => {
    const { tx, spent } = signedSpend([p2trKey(1), p2trKey(2)]);
    const [first, second] = spent as [(typeof spent)[0], (typeof spent)[0]];
    assert.equal(verifyScript(tx, 0, [first, { ...second, value: second.value + 1n }], CONSENSUS).ok, false);
    assert.equal(verifyScript(tx, 0, [first, { ...second, scriptPubKey: fromHex('51') }], CONSENSUS).ok, false);
    assert.equal(verifyScript(tx, 0, [...spent], CONSENSUS).ok, true);
  });
});
