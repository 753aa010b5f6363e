import { strict as assert } from 'node:assert';
import { SCRIPT_FLAGS as F } from '../../src/script/flags.ts';
import { OP, opName } from '../../src/script/opcodes.ts';
import { isOpSuccess } from '../../src/script/opSuccess.ts';
import { result, run } from './runScript.ts';

type Row = [script: string, expected: string];

function rows(what: string, table: readonly Row[]): void {
  describe(what, () => {
    for (const [script, expected] of table)
      it(`${script} → ${expected}`, () => {
        assert.equal(result(script), expected);
      });
  });
}

rows('Pushes', [
  ['0', '-'],
  ['1NEGATE 1 2 16', '81 01 02 10'],
  ["0x4c 0x01 0x07 'ab'", '07 6162'],
  ['0x4d 0x0000', '-'],
  ['0x4e 0x0100000005', '05'],
  ['0x4c', 'BAD_OPCODE'],
  ['0x4d 0xff', 'BAD_OPCODE'],
  ['0x4e 0xffffffff', 'BAD_OPCODE'],
  ['0x02 0x01', 'BAD_OPCODE'],
  ['RESERVED', 'BAD_OPCODE'],
]);

rows('Stack', [
  ['1 2 TOALTSTACK 3 FROMALTSTACK', '01 03 02'],
  ['FROMALTSTACK', 'INVALID_ALTSTACK_OPERATION'],
  ['TOALTSTACK', 'INVALID_STACK_OPERATION'],
  ['1 2 3 2DROP', '01'],
  ['1 2DROP', 'INVALID_STACK_OPERATION'],
  ['1 2 2DUP', '01 02 01 02'],
  ['1 2 3 3DUP', '01 02 03 01 02 03'],
  ['1 2 3DUP', 'INVALID_STACK_OPERATION'],
  ['1 2 3 4 2OVER', '01 02 03 04 01 02'],
  ['1 2 3 2OVER', 'INVALID_STACK_OPERATION'],
  ['1 2 3 4 5 6 2ROT', '03 04 05 06 01 02'],
  ['1 2 3 4 5 2ROT', 'INVALID_STACK_OPERATION'],
  ['9 1 2 3 4 2SWAP', '09 03 04 01 02'],
  ['1 2 3 2SWAP', 'INVALID_STACK_OPERATION'],
  ['0 IFDUP 5 IFDUP', '- 05 05'],
  ['0x01 0x80 IFDUP', '80'],
  ['IFDUP', 'INVALID_STACK_OPERATION'],
  ['DEPTH DEPTH DEPTH', '- 01 02'],
  ['1 2 DROP', '01'],
  ['DROP', 'INVALID_STACK_OPERATION'],
  ['7 DUP', '07 07'],
  ['DUP', 'INVALID_STACK_OPERATION'],
  ['1 2 3 NIP', '01 03'],
  ['1 NIP', 'INVALID_STACK_OPERATION'],
  ['1 2 3 OVER', '01 02 03 02'],
  ['1 OVER', 'INVALID_STACK_OPERATION'],
  ['5 6 7 0 PICK', '05 06 07 07'],
  ['5 6 7 2 PICK', '05 06 07 05'],
  ['5 6 7 3 PICK', 'INVALID_STACK_OPERATION'],
  ['5 6 7 -1 PICK', 'INVALID_STACK_OPERATION'],
  ['5 0x05 0x0000000000 PICK', 'SCRIPTNUM'],
  ['0 PICK', 'INVALID_STACK_OPERATION'],
  ['5 6 7 2 ROLL', '06 07 05'],
  ['5 6 7 0 ROLL', '05 06 07'],
  ['5 6 7 3 ROLL', 'INVALID_STACK_OPERATION'],
  ['5 -1 ROLL', 'INVALID_STACK_OPERATION'],
  ['9 1 2 3 ROT', '09 02 03 01'],
  ['1 2 ROT', 'INVALID_STACK_OPERATION'],
  ['1 2 SWAP', '02 01'],
  ['1 SWAP', 'INVALID_STACK_OPERATION'],
  ['9 1 2 TUCK', '09 02 01 02'],
  ['1 TUCK', 'INVALID_STACK_OPERATION'],
  ["0 'abc' SIZE", '- 616263 03'],
  ['0 SIZE', '- -'],
  ['SIZE', 'INVALID_STACK_OPERATION'],
]);

rows('Numbers', [
  ['1 1ADD 0 1SUB', '02 81'],
  ['2147483647 1ADD', '0000008000'],
  ['-2147483647 1SUB', '0000008080'],
  ['2147483647 1ADD 1ADD', 'SCRIPTNUM'],
  ['5 NEGATE -5 NEGATE 0 NEGATE', '85 05 -'],
  ['-300 ABS 300 ABS', '2c01 2c01'],
  ['0 NOT 1 NOT 2 NOT 0x01 0x80 NOT', '01 - - 01'],
  ['0 0NOTEQUAL 1 0NOTEQUAL -7 0NOTEQUAL', '- 01 01'],
  ['2147483647 2147483647 ADD', 'feffffff00'],
  ['-2147483647 2147483647 SUB', 'feffffff80'],
  ['3 4 SUB', '81'],
  ['0 0 BOOLAND 0 1 BOOLAND 1 0 BOOLAND 2 -1 BOOLAND', '- - - 01'],
  ['0 0 BOOLOR 0 1 BOOLOR 1 0 BOOLOR', '- 01 01'],
  ['1 1 NUMEQUAL 1 2 NUMEQUAL 0 0x02 0x0080 NUMEQUAL', '01 - 01'],
  ['1 1 NUMEQUALVERIFY 9', '09'],
  ['1 2 NUMEQUALVERIFY', 'NUMEQUALVERIFY'],
  ['1 1 NUMNOTEQUAL 1 2 NUMNOTEQUAL', '- 01'],
  ['1 2 LESSTHAN 2 2 LESSTHAN -1 0 LESSTHAN', '01 - 01'],
  ['2 1 GREATERTHAN 2 2 GREATERTHAN', '01 -'],
  ['2 2 LESSTHANOREQUAL 3 2 LESSTHANOREQUAL', '01 -'],
  ['2 2 GREATERTHANOREQUAL 1 2 GREATERTHANOREQUAL', '01 -'],
  ['3 -4 MIN 3 -4 MAX', '84 03'],
  ['1 1 2 WITHIN 2 1 2 WITHIN 0 1 2 WITHIN -1 -1 0 WITHIN', '01 - - 01'],
  ['1 2 WITHIN', 'INVALID_STACK_OPERATION'],
  ['1 ADD', 'INVALID_STACK_OPERATION'],
  ['0x05 0x0100000000 1 ADD', 'SCRIPTNUM'],
  ['1 0x05 0x0100000000 ADD', 'SCRIPTNUM'],
  ["'abcde' NOT", 'SCRIPTNUM'],
  ['1 1 0x05 0x0000000000 WITHIN', 'SCRIPTNUM'],
]);

rows('Comparisons and hashes', [
  ["'ab' 'ab' EQUAL 'ab' 'abc' EQUAL", '01 -'],
  ['0 0x01 0x80 EQUAL', '-'],
  ['1 1 EQUALVERIFY 1 2 EQUALVERIFY', 'EQUALVERIFY'],
  ['1 EQUAL', 'INVALID_STACK_OPERATION'],
  ["'abc' RIPEMD160", '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc'],
  ["'abc' SHA1", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ["'abc' SHA256", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ["'abc' HASH160", 'bb1be98c142444d7a56aa3981c3942a978e4dc33'],
  ["'abc' HASH256", '4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358'],
  ['HASH256', 'INVALID_STACK_OPERATION'],
]);

rows('Flow', [
  ['1 IF 2 ELSE 3 ENDIF', '02'],
  ['0 IF 2 ELSE 3 ENDIF', '03'],
  ['0 NOTIF 2 ELSE 3 ENDIF', '02'],
  ['1 IF 2 ELSE 3 ELSE 4 ENDIF', '02 04'],
  ['0 IF 1 IF 2 ENDIF ELSE 3 ENDIF', '03'],
  ['0 IF RETURN CHECKSIG 0x4c 0x01 0x05 ENDIF 7', '07'],
  ['0x01 0x80 IF 2 ELSE 3 ENDIF', '03'],
  ["'abcdef' IF 2 ENDIF", '02'],
  ['1 IF', 'UNBALANCED_CONDITIONAL'],
  ['ENDIF', 'UNBALANCED_CONDITIONAL'],
  ['ELSE', 'UNBALANCED_CONDITIONAL'],
  ['IF ENDIF', 'INVALID_STACK_OPERATION'],
  ['0 IF IF ENDIF ENDIF 1', '01'],
  ['1 VERIFY 2', '02'],
  ['0 VERIFY', 'VERIFY'],
  ['VERIFY', 'INVALID_STACK_OPERATION'],
  ['1 RETURN', 'OP_RETURN'],
  ['1 VER', 'BAD_OPCODE'],
  ['0 IF VER RESERVED RESERVED1 RESERVED2 0xba 0xff ENDIF 1', '01'],
  ['0 IF VERIF ENDIF 1', 'BAD_OPCODE'],
  ['0 IF VERNOTIF ENDIF 1', 'BAD_OPCODE'],
  ['NOP NOP1 NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 1', '01'],
  ['CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY 1', '01'],
]);

describe('Opcodes nobody may use', () => {
  const disabled = 'CAT SUBSTR LEFT RIGHT INVERT AND OR XOR 2MUL 2DIV MUL DIV MOD LSHIFT RSHIFT'.split(' ');
  it('were disabled: they fail even where they are not executed', () => {
    for (const name of disabled) {
      assert.equal(result(`1 1 ${name}`), 'DISABLED_OPCODE', name);
      assert.equal(result(`0 IF ${name} ENDIF 1`, { version: 'witness_v0' }), 'DISABLED_OPCODE', name);
    }
  });

  it('fail when executed if they have no meaning', () => {
    for (let opcode: number = OP.OP_CHECKSIGADD; opcode <= 0xff; opcode++) {
      assert.equal(run(Uint8Array.of(0x51, 0x51, 0x51, opcode)).error, 'BAD_OPCODE', opName(opcode));
      assert.equal(run(Uint8Array.of(0x51, 0x51, 0x51, opcode), { version: 'witness_v0' }).error, 'BAD_OPCODE');
      assert.equal(run(Uint8Array.of(0x00, 0x63, opcode, 0x68)).error, undefined);
    }
  });

  it('make a tapscript succeed: exactly those of BIP342', () => {
    const list: number[] = [];
    for (let opcode = 0; opcode < 256; opcode++) if (isOpSuccess(opcode)) list.push(opcode);
    const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const expected = [80, 98, ...range(126, 129), ...range(131, 134), 137, 138, 141, 142];
    assert.deepEqual(list, [...expected, ...range(149, 153), ...range(187, 254)]);
  });
});

describe('Flags', () => {
  it('MINIMALDATA: pushes and numbers in their shortest form, where they are executed', () => {
    const o = { flags: F.MINIMALDATA };
    assert.equal(result('0x4c 0x01 0x20', o), 'MINIMALDATA');
    assert.equal(result('0x01 0x05', o), 'MINIMALDATA');
    assert.equal(result('0x01 0x81', o), 'MINIMALDATA');
    assert.equal(result('0 IF 0x01 0x05 ENDIF 1', o), '01');
    assert.equal(result('0x02 0x0100 NOT', o), 'SCRIPTNUM');
    assert.equal(result('0x02 0x0100 NOT'), '-');
    assert.equal(result('1 0x01 0x00 PICK', o), 'SCRIPTNUM');
  });

  it('DISCOURAGE_UPGRADABLE_NOPS: not CHECKLOCKTIMEVERIFY and CHECKSEQUENCEVERIFY, and not OP_NOP', () => {
    const o = { flags: F.DISCOURAGE_UPGRADABLE_NOPS };
    for (const nop of [1, 4, 5, 6, 7, 8, 9, 10]) {
      assert.equal(result(`1 NOP${nop}`, o), 'DISCOURAGE_UPGRADABLE_NOPS');
      assert.equal(result(`0 IF NOP${nop} ENDIF 1`, o), '01');
    }
    assert.equal(result('1 NOP CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY', o), '01');
  });

  it('MINIMALIF: in segwit version 0 only with the flag, in tapscript always, in legacy never', () => {
    const conditions = ["'ab'", '2', '0x01 0x00', '0x02 0x0100'];
    for (const condition of conditions) {
      const script = `${condition} IF ENDIF 1`;
      assert.equal(result(script, { flags: F.MINIMALIF }), '01');
      assert.equal(result(script, { version: 'witness_v0' }), '01');
      assert.equal(result(script, { version: 'witness_v0', flags: F.MINIMALIF }), 'MINIMALIF', condition);
      assert.equal(result(script, { version: 'tapscript' }), 'TAPSCRIPT_MINIMALIF');
      assert.equal(result(script.replace('IF', 'NOTIF'), { version: 'tapscript' }), 'TAPSCRIPT_MINIMALIF');
    }
    for (const condition of ['0', '1'])
      assert.equal(result(`${condition} IF ENDIF 1`, { version: 'tapscript' }), '01', condition);
  });

  it('CONST_SCRIPTCODE: no OP_CODESEPARATOR in legacy scripts, executed or not', () => {
    const flags = F.CONST_SCRIPTCODE;
    assert.equal(result('1 CODESEPARATOR', { flags }), 'OP_CODESEPARATOR');
    assert.equal(result('0 IF CODESEPARATOR ENDIF 1', { flags }), 'OP_CODESEPARATOR');
    assert.equal(result('1 CODESEPARATOR', { flags, version: 'witness_v0' }), '01');
    assert.equal(result('1 CODESEPARATOR'), '01');
  });
});
