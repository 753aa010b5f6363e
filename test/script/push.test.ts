import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { isUnspendable } from '../../src/primitives/outputScript.ts';
import { ScriptCursor } from '../../src/script/cursor.ts';
import { findAndDelete } from '../../src/script/findAndDelete.ts';
import { decodeScriptNumber, encodeScriptNumber, isMinimalNumber, isTrue } from '../../src/script/number.ts';
import { isMinimalPush, isPushOnly, pushData, pushNumber } from '../../src/script/push.ts';
import { dustThreshold } from '../../src/script/standard.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

describe('Script numbers', () => {
  const cases: [number, string][] = [
    [0, ''],
    [1, '01'],
    [-1, '81'],
    [127, '7f'],
    [-127, 'ff'],
    [128, '8000'],
    [-128, '8080'],
    [255, 'ff00'],
    [256, '0001'],
    [32767, 'ff7f'],
    [-32768, '008080'],
    [500000, '20a107'],
    [2147483647, 'ffffff7f'],
    [-2147483647, 'ffffffff'],
    [2147483648, '0000008000'],
  ];
  for (const [n, hex] of cases)
    it(`${n} is ${hex || 'empty'}`, () => {
      assert.equal(toHex(encodeScriptNumber(n)), hex);
      assert.equal(decodeScriptNumber(fromHex(hex), true, 5), n);
    });

  it('are not minimal with a superfluous last byte', () => {
    for (const hex of ['00', '80', '0100', '0180', '7f00', 'ff0000'])
      assert.equal(isMinimalNumber(fromHex(hex)), false, hex);
    for (const hex of ['', '8000', '8080', 'ff00', '7f']) assert.equal(isMinimalNumber(fromHex(hex)), true, hex);
    assert.equal(decodeScriptNumber(fromHex('0100'), true), undefined);
    assert.equal(decodeScriptNumber(fromHex('0100'), false), 1);
    assert.equal(decodeScriptNumber(fromHex('80'), false), 0);
  });

  it('of more bytes than allowed are refused', () => {
    assert.equal(decodeScriptNumber(fromHex('0000008000'), false), undefined);
  });

  it('survive a round trip', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 47) + 1, max: 2 ** 47 - 1 }), (n) =>
        Object.is(decodeScriptNumber(encodeScriptNumber(n), true, 6), n),
      ),
    );
  });

  it('as conditions: zero and negative zero of any length are false', () => {
    for (const hex of ['', '00', '80', '0000', '000080']) assert.equal(isTrue(fromHex(hex)), false, hex);
    for (const hex of ['01', '81', '8000', '0001', '00008000']) assert.equal(isTrue(fromHex(hex)), true, hex);
  });
});

describe('Pushes', () => {
  it('of numbers are what BIP34 heights are compared with', () => {
    const cases: [number, string][] = [
      [0, '00'],
      [-1, '4f'],
      [1, '51'],
      [16, '60'],
      [17, '0111'],
      [127, '017f'],
      [128, '028000'],
      [255, '02ff00'],
      [256, '020001'],
      [32768, '03008000'],
      [227836, '03fc7903'],
      [-2, '0182'],
    ];
    for (const [n, hex] of cases) assert.equal(toHex(pushNumber(n)), hex);
  });

  it('use the shortest length form', () => {
    for (const [n, prefix] of [
      [0, '00'],
      [75, '4b'],
      [76, '4c4c'],
      [255, '4cff'],
      [256, '4d0001'],
      [65535, '4dffff'],
      [65536, '4e00000100'],
    ] as const) {
      const script = pushData(new Uint8Array(n));
      assert.equal(toHex(script.subarray(0, script.length - n)), prefix);
      const cursor = new ScriptCursor(script);
      assert.ok(cursor.next() && cursor.atEnd);
      assert.equal(cursor.data.length, n);
      assert.equal(isMinimalPush(cursor.data, cursor.opcode), true);
    }
  });

  it('are minimal in one form only', () => {
    const cases: [string, number, boolean][] = [
      ['', 0x00, true],
      ['', 0x4c, false],
      ['01', 0x01, false],
      ['10', 0x01, false],
      ['11', 0x01, true],
      ['00', 0x01, true],
      ['81', 0x01, false],
      ['82', 0x01, true],
      ['11'.repeat(75), 0x4c, false],
      ['11'.repeat(76), 0x4c, true],
      ['11'.repeat(76), 0x4d, false],
      ['11'.repeat(256), 0x4d, true],
      ['11'.repeat(256), 0x4e, false],
    ];
    for (const [hex, opcode, minimal] of cases)
      assert.equal(isMinimalPush(fromHex(hex), opcode), minimal, `${hex} ${opcode}`);
  });

  it('only: scripts without other opcodes or cut-off pushes', () => {
    for (const hex of ['', '00', '4f', '50', '60', '0111', '4c0111', '4e0000000051'])
      assert.equal(isPushOnly(fromHex(hex)), true, hex);
    for (const hex of ['61', '0111ac', '02ff', '4c', '4d01', '4c05ffff', '4effffffff'])
      assert.equal(isPushOnly(fromHex(hex)), false, hex);
  });
});

describe('A script cursor', () => {
  it('stops behind opcode and length bytes when a push is cut off', () => {
    for (const [hex, offset] of [
      ['05aa', 1],
      ['4c', 1],
      ['4c05aa', 2],
      ['4d05', 1],
      ['4d0500aa', 3],
      ['4e050000', 1],
      ['4e05000000aa', 5],
    ] as const) {
      const cursor = new ScriptCursor(fromHex(hex));
      assert.equal(cursor.next(), false, hex);
      assert.equal(cursor.offset, offset, hex);
    }
  });

  it('has the data of the opcode read last, and none after one that pushes nothing or is cut off', () => {
    const cursor = new ScriptCursor(fromHex('02aabb' + 'ac' + '00' + '4c01cc' + '05dd'));
    assert.equal(cursor.data.length, 0);
    for (const [opcode, data] of [
      [0x02, 'aabb'],
      [0xac, ''],
      [0x00, ''],
      [0x4c, 'cc'],
    ] as const) {
      assert.ok(cursor.next());
      assert.equal(cursor.opcode, opcode);
      assert.equal(toHex(cursor.data), data);
      assert.equal(cursor.data, cursor.data, 'one view, however often it is asked for');
    }
    assert.equal(cursor.next(), false);
    assert.equal(cursor.data.length, 0);
  });

  it('never runs past the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (script) => {
        const cursor = new ScriptCursor(script);
        let steps = 0;
        while (cursor.next()) steps++;
        assert.ok(cursor.offset <= script.length && steps <= script.length);
      }),
    );
  });
});

describe('findAndDelete', () => {
  const cases: [script: string, part: string, result: string, found: number][] = [
    ['5152', '', '5152', 0],
    ['515253', '52', '5153', 1],
    ['51525253', '52', '5153', 2],
    ['535353', '53', '', 3],
    ['0302ff03', '0302ff03', '', 1],
    ['0302ff030302ff03', '0302ff03', '', 2],
    ['0302ff030302ff03', '02', '0302ff030302ff03', 0], // data is not looked into
    ['0302ff030302ff03', 'ff', '0302ff030302ff03', 0],
    ['0302ff030302ff03', '03', '02ff0302ff03', 2], // a part that eats an opcode shifts what follows
    ['02feed5169', 'feed51', '02feed5169', 0],
    ['516902feed5169', '02feed51', '516969', 1],
    ['516902feed5169', 'feed51', '516902feed5169', 0],
    ['00005051', '50', '000051', 1],
    ['5105', '05', '51', 1],
    ['05515251', '51', '05515251', 0], // nothing behind a cut-off push
  ];
  for (const [script, part, result, found] of cases)
    it(`${part || 'nothing'} from ${script}`, () => {
      const got = findAndDelete(fromHex(script), fromHex(part));
      assert.equal(toHex(got.script), result);
      assert.equal(got.found, found);
    });
});

describe('Dust and unspendable outputs', () => {
  const dust = (hex: string): bigint => dustThreshold({ value: 0n, scriptPubKey: fromHex(hex) });
  it('has the thresholds of the default dust relay fee', () => {
    assert.equal(dust(`76a914${'00'.repeat(20)}88ac`), 546n);
    assert.equal(dust(`a914${'00'.repeat(20)}87`), 540n);
    assert.equal(dust(`0014${'00'.repeat(20)}`), 294n);
    assert.equal(dust(`0020${'00'.repeat(32)}`), 330n);
    assert.equal(dust(`5120${'00'.repeat(32)}`), 330n);
    assert.equal(dust('51024e73'), 240n);
    assert.equal(dust('6a'), 0n);
  });
  it('rounds up at odd fee rates', () => {
    assert.equal(dustThreshold({ value: 0n, scriptPubKey: fromHex(`0014${'00'.repeat(20)}`) }, 1n), 1n);
  });
  it('knows scripts nobody can spend', () => {
    for (const script of [fromHex('6a'), fromHex('6aff'), new Uint8Array(10_001)])
      assert.equal(isUnspendable(script), true);
    for (const script of [fromHex(''), fromHex('51'), fromHex('016a'), new Uint8Array(10_000)])
      assert.equal(isUnspendable(script), false);
  });
});
