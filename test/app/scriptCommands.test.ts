import assert from 'node:assert/strict';
import fc from 'fast-check';
import { flagNames, parseFlagNames } from '../../src/app/cli/scriptFlagNames.ts';
import { StepRecorder, stackText } from '../../src/app/cli/scriptSteps.ts';
import { taprootView } from '../../src/app/cli/scriptTaproot.ts';
import { parseScriptText } from '../../src/app/cli/scriptWords.ts';
import { parsePrevouts } from '../../src/app/cli/txPrevouts.ts';
import { EXIT, ExitError } from '../../src/app/exit.ts';
import { setSecpProvider } from '../../src/crypto/secp.ts';
import { nobleSecpProvider } from '../../src/crypto/secpNoble.ts';
import { nodeSecpProvider } from '../../src/crypto/secpNode.node.ts';
import { decodeTx, readTxOut, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { scriptToAsm } from '../../src/script/asm.ts';
import { OP } from '../../src/script/opcodes.ts';
import { pushData, pushNumber } from '../../src/script/push.ts';
import { observeScript, verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { decodeAll } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { runCairn } from '../support/cairnCommand.ts';
import { vectorBytes, vectorText } from '../support/vectors.ts';

function usageError(says: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ExitError && error.exitCode === EXIT.usage, String(error));
    assert.match(error.message, says);
    return true;
  };
}

describe('a script as text', () => {
  const script = (text: string): string => toHex(parseScriptText(text, '--script'));

  it('is hex, or opcodes, numbers and pushes', () => {
    assert.equal(script('52935587'), '52935587');
    assert.equal(script('2 3 OP_ADD 5 OP_EQUAL'), '5253935587');
    assert.equal(script('add EqualVerify op_true'), '938851');
    assert.equal(script('-1 0 16 17 -255 1000'), '4f0060011102ff8002e803');
    assert.equal(script("<> <aa> 'hi' 0xfe51 aabbccddee"), '0001aa026869fe5105aabbccddee');
    assert.equal(script('OP_CLTV NOP3 NOP2'), 'b1b2b1');
    assert.equal(script(''), '');
  });

  it('of what asm prints reads back as the same bytes, but for five bytes that look like a number of four', () => {
    const looksLikeNumber = (hex: string): boolean => /^[12]\d{9}$/.test(hex) && Number(hex) <= 0x7fffffff;
    assert.equal(script('1000000000 OP_DUP'), '0400ca9a3b76');
    assert.equal(script('<1000000000> OP_DUP'), '05100000000076');
    assert.equal(script('2147483648 OP_DUP'), '05214748364876');
    const opcodes = Object.entries(OP).filter(([name, code]) => !/PUSHDATA|INVALID/.test(name) && code > OP.OP_16);
    const piece = fc.oneof(
      fc.constantFrom(...opcodes).map(([, code]) => Uint8Array.of(code)),
      fc.integer({ min: -0x7fffffff, max: 0x7fffffff }).map((n) => pushNumber(n)),
      fc
        .uint8Array({ minLength: 5, maxLength: 100 })
        .filter((data) => !looksLikeNumber(toHex(data)))
        .map(pushData),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 2, maxLength: 20 }), (pieces) => {
        const bytes = concatBytes(...pieces);
        assert.equal(script(scriptToAsm(bytes)), toHex(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('names the word it does not know, and the nearest', () => {
    assert.throws(() => script('1 OP_DPU'), usageError(/--script: "OP_DPU" .*did you mean OP_DUP\?/));
    for (const text of ['1 <a>', '1 0xf', '1 OP_PUSHDATA1', "1 'open", '1 99999999999', '1 1.5'])
      assert.throws(() => script(text), usageError(/is no opcode/), text);
  });
});

describe('flags by name', () => {
  it('add up, and take out with -', () => {
    assert.deepEqual(flagNames(parseFlagNames('P2SH,witness')), ['P2SH', 'WITNESS']);
    assert.deepEqual(flagNames(parseFlagNames('none')), []);
    assert.equal(parseFlagNames('P2SH,-P2SH'), 0);
    assert.equal(parseFlagNames('-taproot'), parseFlagNames('consensus,-TAPROOT'), 'not no rules at all');
    assert.deepEqual(flagNames(parseFlagNames('consensus,-TAPROOT')), [
      'P2SH',
      'DERSIG',
      'NULLDUMMY',
      'CHECKLOCKTIMEVERIFY',
      'CHECKSEQUENCEVERIFY',
      'WITNESS',
    ]);
    assert.equal(flagNames(parseFlagNames('standard')).length, 20);
  });

  it('an unknown one is refused with the nearest', () => {
    assert.throws(() => parseFlagNames('P2HS'), usageError(/unknown flag "P2HS"; did you mean P2SH\?/));
    for (const name of ['toString', 'constructor', '__proto__'])
      assert.throws(() => parseFlagNames(name), usageError(/unknown flag/));
  });
});

describe('the outputs that a transaction spends', () => {
  const tx = decodeTx(
    fromHex(
      `0200000002${'11'.repeat(32)}0000000000ffffffff${'22'.repeat(32)}0100000000ffffffff0100000000000000000000000000`,
    ),
  );
  const named = (txid: string, vout: number, amount: unknown) => ({ txid, vout, scriptPubKey: '51', amount });
  const parse = (value: unknown): TxOut[] => parsePrevouts(JSON.stringify(value), tx);
  const a = named('11'.repeat(32), 0, 0.1);
  const b = named('22'.repeat(32), 1, '20.00000001');

  it('are found by txid and vout in any order, or taken in the order of the inputs', () => {
    const wanted = [10_000_000n, 2_000_000_001n];
    assert.deepEqual(
      parse([b, named('33'.repeat(32), 0, 1), a]).map(({ value }) => value),
      wanted,
    );
    const plain = ({ scriptPubKey, amount }: typeof a) => ({ scriptPubKey: { hex: scriptPubKey }, value: amount });
    assert.deepEqual(
      parse([plain(a), plain(b)]).map(({ value }) => value),
      wanted,
    );
    assert.deepEqual(
      parse(['80969800000000000151', '0194357700000000' + '0151']).map(({ value }) => value),
      wanted,
    );
  });

  it('wrong ones are refused with field, value and rule', () => {
    for (const [value, says] of [
      [{}, /must be a JSON array/],
      [[a], /nothing for input 1, which spends 2222.*:1/],
      [[], /0 outputs for 2 inputs/],
      [[a, { ...b, amount: 'x' }], /\[1\]\.amount must be coins .* not "x"/],
      [[a, { ...b, amount: -1 }], /\[1\]\.amount .*out of range/],
      [[a, { ...b, scriptPubKey: '5' }], /\[1\]\.scriptPubKey must be hex, not "5"/],
      [[a, { ...b, txid: 'zz' }], /\[1\]\.txid must be 64 hex digits/],
      [[a, { ...b, vout: 1.5 }], /\[1\]\.vout must be a whole number, not 1.5/],
      [[a, { scriptPubKey: '', amount: 1 }], /\[1\] has no txid and vout, others have/],
      [['00', '00'], /\[0\] is no serialized output/],
      [[1, 2], /\[0\] must be an object or hex/],
    ] as const)
      assert.throws(() => parse(value), usageError(says), JSON.stringify(value));
    assert.throws(() => parsePrevouts('[', tx), usageError(/must be a JSON array/));
  });
});

describe('watching scripts run', () => {
  before(() => setSecpProvider(nodeSecpProvider().provider));
  after(() => setSecpProvider(nobleSecpProvider));

  interface Asset {
    readonly tx: string;
    readonly prevouts: readonly string[];
    readonly index: number;
    readonly flags: string;
    readonly comment: string;
    readonly success?: { readonly scriptSig: string; readonly witness: readonly string[] };
  }

  it('shows every script of spends made by others, with the stack that each begins and ends with, and the same verdict', function () {
    const lines = Buffer.from(vectorBytes(this, 'taproot/script_assets.ndjson.gz')).toString('utf8').trim().split('\n');
    const parts = new Map<string, number>();
    for (const line of lines.slice(0, 300)) {
      const asset = JSON.parse(line) as Asset;
      if (asset.success === undefined) continue;
      const { scriptSig, witness } = asset.success;
      const bare = decodeTx(fromHex(asset.tx));
      const inputs = bare.inputs.map((input, i) =>
        i === asset.index ? { ...input, scriptSig: fromHex(scriptSig), witness: witness.map(fromHex) } : input,
      );
      const tx = new Tx({ version: bare.version, lockTime: bare.lockTime, outputs: bare.outputs, inputs });
      const spent = asset.prevouts.map((hex) => decodeAll(fromHex(hex), readTxOut, 'output'));
      const flags = parseFlagNames(asset.flags);
      const recorder = new StepRecorder();
      assert.deepEqual(observeScript(tx, asset.index, spent, flags, recorder.observe), { ok: true }, asset.comment);
      assert.deepEqual(verifyScript(tx, asset.index, spent, flags), { ok: true });
      const { stages } = recorder;
      assert.deepEqual([stages[0]?.part, stages[1]?.part], ['scriptSig', 'scriptPubKey']);
      assert.deepEqual(stages[1]?.stack, stages[0]?.steps.at(-1)?.stack ?? [], asset.comment);
      for (const stage of stages) {
        parts.set(stage.part, (parts.get(stage.part) ?? 0) + 1);
        assert.equal(stage.steps.map(({ position }) => position).join(), stage.steps.map((_, i) => i).join());
      }
      const view = taprootView({ tx, index: asset.index, spent });
      if (stages.some(({ part }) => part === 'tapscript'))
        assert.deepEqual([view?.path, view?.leaf_version], ['script', 0xc0], asset.comment);
    }
    for (const part of ['redeemScript', 'witnessScript', 'tapscript']) assert.ok((parts.get(part) ?? 0) > 0, part);
  });

  it('stacks are shown with numbers, long items shortened unless asked', () => {
    assert.equal(stackText([], false), '(empty)');
    assert.equal(stackText(['', '05', '81', '00'], false), "'' 05(5) 81(-1) 00");
    assert.equal(stackText(['ab'.repeat(20)], false), 'abababababab…ababab[20]');
    assert.equal(stackText(['ab'.repeat(20)], true), 'ab'.repeat(20));
  });
});

describe('script and tx on the command line', function () {
  this.timeout(20_000);

  it('script debug prints each opcode and the verdict: 0 when it holds, 1 when not', async () => {
    const good = await runCairn(['script', 'debug', '--script', '2 3 OP_ADD 5 OP_EQUAL']);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /OP_ADD +05\(5\)\n/);
    assert.match(good.out, /verdict: OK\n$/);
    const bad = await runCairn(['script', 'debug', '--json', '--script', 'OP_IF OP_RETURN OP_ENDIF', '--stack', '01']);
    assert.equal(bad.code, 1, bad.err);
    const { verdict, stages } = JSON.parse(bad.out) as {
      verdict: string;
      stages: { stack: string[]; steps: unknown[] }[];
    };
    assert.equal(verdict, 'OP_RETURN');
    assert.deepEqual(stages[0]?.stack, ['01']);
    assert.deepEqual(stages[0]?.steps.at(-1), {
      ...{ position: 1, offset: 1, opcode: 'OP_RETURN', executed: true, stack: [], alt_stack: [], error: 'OP_RETURN' },
    });
  });

  it('the rules decide: a witness script leaves exactly one item, OP_SUCCESS ends a tapscript', async () => {
    const run = async (rules: string, script: string) =>
      (await runCairn(['script', 'debug', '--json', '--rules', rules, '--script', script])).out;
    assert.equal((JSON.parse(await run('base', '1 1')) as { verdict: string }).verdict, 'OK');
    assert.equal((JSON.parse(await run('witness_v0', '1 1')) as { verdict: string }).verdict, 'CLEANSTACK');
    assert.equal(
      (JSON.parse(await run('tapscript', '0 0 0xba')) as { verdict: string }).verdict,
      'INVALID_STACK_OPERATION',
    );
    assert.equal((JSON.parse(await run('tapscript', '0 0 0xfe')) as { verdict: string }).verdict, 'OK');
  });

  it('tx decode prints what decoderawtransaction prints', async function () {
    const hex = vectorText(this, 'core/util/tt-delin1-out.hex').trim();
    const { code, out, err } = await runCairn(['tx', 'decode', '-'], hex);
    assert.equal(code, 0, err);
    const shown = JSON.parse(out) as { txid: string; vin: { txid: string }[]; vout: { value: number }[] };
    const tx = decodeTx(fromHex(hex));
    assert.deepEqual([shown.txid, shown.vin.length, shown.vout.length], [tx.id, tx.inputs.length, tx.outputs.length]);
  });

  it('tx verify names the error of each input: 0 when all hold, 1 when one does not', async () => {
    const tx = `0200000001${'11'.repeat(32)}0000000000ffffffff01e803000000000000015100000000`;
    const verify = (scriptPubKey: string, amount: string) =>
      runCairn(['tx', 'verify', tx, '--json', '--prevouts', JSON.stringify([{ scriptPubKey, amount }])]);
    const good = await verify('51', '0.00002');
    assert.equal(good.code, 0, good.err);
    const facts = JSON.parse(good.out) as { valid: boolean; fee: number; sigopcost: number };
    assert.deepEqual([facts.valid, facts.fee, facts.sigopcost], [true, 0.00001, 0]);
    const bad = await verify('00', '0.00002');
    assert.equal(bad.code, 1);
    assert.equal((JSON.parse(bad.out) as { inputs: { error: string }[] }).inputs[0]?.error, 'EVAL_FALSE');
    const poor = await verify('51', '0.00000999');
    assert.equal(poor.code, 1);
    assert.equal((JSON.parse(poor.out) as { rule: string }).rule, 'bad-txns-in-belowout');
  });

  const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['tx', 'decode', 'zz'], /neither the thing itself nor a file/],
    [['tx', 'decode', '0200'], /not a transaction: malformed: /],
    [['tx', 'verify', '00'], /required option '--prevouts/],
    [['script', 'debug', '--script', '1 9999999999x'], /is no opcode/],
    [['script', 'debug'], /give --tx with --prevouts, or --script/],
    [['script', 'debug', '--script', '51', '--rules', 'x'], /--rules must be one of/],
    [['script', 'debug', '--script', '51', '--stack', '5'], /--stack must be hex, not "5"/],
  ];
  for (const [args, says] of wrong)
    it(`exit 64: cairn ${args.join(' ')}`, async () => {
      const { code, out, err } = await runCairn(args);
      assert.equal(code, 64, err);
      assert.match(err, says);
      assert.equal(out, '', 'nothing is shown of what does not run');
    });
});
