import { strict as assert } from 'node:assert';
import { SCRIPT_FLAGS as F } from '../../src/script/flags.ts';
import { pushNumber } from '../../src/script/push.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { plainTx, result, run } from './runScript.ts';

const CLTV = { flags: F.CHECKLOCKTIMEVERIFY };
const CSV = { flags: F.CHECKSEQUENCEVERIFY };
const lock = (n: number, opcode: number): Uint8Array => concatBytes(pushNumber(n), Uint8Array.of(opcode));

describe('OP_CHECKLOCKTIMEVERIFY (BIP65)', () => {
  const HEIGHT_LIMIT = 500_000_000;
  const cases: [required: number, lockTime: number, sequence: number, expected: string | undefined][] = [
    [0, 0, 0, undefined],
    [100, 100, 0, undefined],
    [100, 99, 0, 'UNSATISFIED_LOCKTIME'],
    [100, 101, 0xfffffffe, undefined],
    [100, 101, 0xffffffff, 'UNSATISFIED_LOCKTIME'],
    [HEIGHT_LIMIT - 1, HEIGHT_LIMIT - 1, 0, undefined],
    [HEIGHT_LIMIT - 1, HEIGHT_LIMIT, 0, 'UNSATISFIED_LOCKTIME'],
    [HEIGHT_LIMIT, HEIGHT_LIMIT - 1, 0, 'UNSATISFIED_LOCKTIME'],
    [HEIGHT_LIMIT, HEIGHT_LIMIT, 0, undefined],
    [0xffffffff, 0xffffffff, 0, undefined],
    [0x100000000, 0xffffffff, 0, 'UNSATISFIED_LOCKTIME'],
    [2 ** 39 - 1, 0xffffffff, 0, 'UNSATISFIED_LOCKTIME'],
    [-1, 100, 0, 'NEGATIVE_LOCKTIME'],
    [2 ** 39, 0, 0, 'SCRIPTNUM'],
  ];
  for (const [required, lockTime, sequence, expected] of cases)
    it(`of ${required} with lock time ${lockTime} and sequence ${sequence}: ${expected ?? 'OK'}`, () => {
      assert.equal(run(lock(required, 0xb1), { ...CLTV, tx: plainTx({ lockTime, sequence }) }).error, expected);
    });

  it('leaves its argument, needs one, and is a NOP without its flag', () => {
    assert.equal(result('7 CHECKLOCKTIMEVERIFY', { ...CLTV, tx: plainTx({ lockTime: 7, sequence: 0 }) }), '07');
    assert.equal(result('CHECKLOCKTIMEVERIFY', CLTV), 'INVALID_STACK_OPERATION');
    assert.equal(result('-1 CHECKLOCKTIMEVERIFY', CSV), '81');
  });

  it('asks for a minimal number only with MINIMALDATA', () => {
    const tx = plainTx({ lockTime: 7, sequence: 0 });
    assert.equal(result('0x02 0x0700 CHECKLOCKTIMEVERIFY', { ...CLTV, tx }), '0700');
    const flags = F.CHECKLOCKTIMEVERIFY | F.MINIMALDATA;
    assert.equal(result('0x02 0x0700 CHECKLOCKTIMEVERIFY', { flags, tx }), 'SCRIPTNUM');
  });
});

describe('OP_CHECKSEQUENCEVERIFY (BIP112)', () => {
  const TIME = 1 << 22;
  const OFF = 0x80000000;
  const cases: [required: number, sequence: number, version: number, expected: string | undefined][] = [
    [0, 0, 2, undefined],
    [10, 10, 2, undefined],
    [11, 10, 2, 'UNSATISFIED_LOCKTIME'],
    [10, 10, 1, 'UNSATISFIED_LOCKTIME'],
    [10, 10, 0, 'UNSATISFIED_LOCKTIME'],
    [10, 10, 0xffffffff, undefined],
    [10, (OFF | 10) >>> 0, 2, 'UNSATISFIED_LOCKTIME'],
    [OFF, 0, 2, undefined],
    [OFF + 10, 0xffffffff, 1, undefined],
    [0x100000000 + OFF, 0, 1, undefined],
    [0x100000000, 0, 2, undefined],
    [0x10000 + 10, 10, 2, undefined],
    [10, 0x3f0000 + 10, 2, undefined],
    [TIME + 10, TIME + 10, 2, undefined],
    [TIME + 10, TIME + 9, 2, 'UNSATISFIED_LOCKTIME'],
    [TIME + 10, 10, 2, 'UNSATISFIED_LOCKTIME'],
    [10, TIME + 10, 2, 'UNSATISFIED_LOCKTIME'],
    [0xffff, 0xffff, 2, undefined],
    [-1, 0, 2, 'NEGATIVE_LOCKTIME'],
    [2 ** 39, 0, 2, 'SCRIPTNUM'],
  ];
  for (const [required, sequence, version, expected] of cases)
    it(`of ${required} with sequence ${sequence} in version ${version}: ${expected ?? 'OK'}`, () => {
      assert.equal(run(lock(required, 0xb2), { ...CSV, tx: plainTx({ sequence, version }) }).error, expected);
    });

  it('leaves its argument, needs one, and is a NOP without its flag', () => {
    assert.equal(result('7 CHECKSEQUENCEVERIFY', { ...CSV, tx: plainTx({ sequence: 7 }) }), '07');
    assert.equal(result('CHECKSEQUENCEVERIFY', CSV), 'INVALID_STACK_OPERATION');
    assert.equal(result('-1 CHECKSEQUENCEVERIFY', CLTV), '81');
  });
});
