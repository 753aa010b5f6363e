import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { Conditions } from '../../src/script/interpreter/conditions.ts';
import { OP } from '../../src/script/opcodes.ts';
import { pushData } from '../../src/script/push.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { items, run } from './runScript.ts';

const repeat = (opcode: number, count: number): Uint8Array => new Uint8Array(count).fill(opcode);
const script = (...parts: (Uint8Array | number)[]): Uint8Array =>
  concatBytes(...parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)));
const { OP_0, OP_1, OP_NOP, OP_IF, OP_ENDIF, OP_RESERVED, OP_CHECKMULTISIG, OP_TOALTSTACK, OP_CHECKSIG } = OP;

describe('Limits of scripts', () => {
  it('allow 201 opcodes above OP_16, executed or not; pushes and OP_RESERVED do not count', () => {
    for (const version of ['base', 'witness_v0'] as const) {
      assert.equal(run(repeat(OP_NOP, 201), { version }).error, undefined);
      assert.equal(run(repeat(OP_NOP, 202), { version }).error, 'OP_COUNT');
      assert.equal(run(script(repeat(OP_1, 500), repeat(OP_NOP, 201)), { version }).error, undefined);
      const dead = (n: number) => script(OP_0, OP_IF, repeat(OP_NOP, n), repeat(OP_RESERVED, 50), OP_ENDIF);
      assert.equal(run(dead(199), { version }).error, undefined);
      assert.equal(run(dead(200), { version }).error, 'OP_COUNT');
    }
  });

  it('count the keys of executed OP_CHECKMULTISIGs as opcodes', () => {
    const multisig = script(OP_0, OP_0, repeat(OP_1, 20), pushData(Uint8Array.of(20)), OP_CHECKMULTISIG);
    const nine = concatBytes(...Array.from({ length: 9 }, () => multisig));
    assert.equal(run(script(nine, repeat(OP_NOP, 12))).error, undefined);
    assert.equal(run(script(nine, repeat(OP_NOP, 13))).error, 'OP_COUNT');
    assert.equal(run(script(repeat(OP_NOP, 13), nine)).error, 'OP_COUNT');
    assert.equal(run(script(OP_0, OP_IF, nine, OP_ENDIF, repeat(OP_NOP, 190))).error, undefined);
  });

  it('do not count opcodes in tapscript', () => {
    assert.equal(run(repeat(OP_NOP, 100_000), { version: 'tapscript' }).error, undefined);
  });

  it('allow 10000 bytes, more only in tapscript', () => {
    const push520 = pushData(new Uint8Array(520));
    const nineteen = concatBytes(...Array.from({ length: 19 }, () => push520)); // 19 × 523 = 9937
    const full = script(nineteen, pushData(new Uint8Array(62)));
    assert.equal(full.length, 10_000);
    for (const version of ['base', 'witness_v0'] as const) {
      assert.equal(run(full, { version }).error, undefined);
      assert.equal(run(script(full, OP_1), { version }).error, 'SCRIPT_SIZE');
    }
    assert.equal(run(script(full, OP_1), { version: 'tapscript' }).error, undefined);
  });

  it('allow pushes of 520 bytes, and no longer one even where it is not executed', () => {
    for (const version of ['base', 'witness_v0', 'tapscript'] as const) {
      assert.equal(run(pushData(new Uint8Array(520)), { version }).error, undefined);
      assert.equal(run(pushData(new Uint8Array(521)), { version }).error, 'PUSH_SIZE');
      const dead = script(OP_0, OP_IF, pushData(new Uint8Array(521)), OP_ENDIF);
      assert.equal(run(dead, { version }).error, 'PUSH_SIZE');
    }
  });

  it('allow 1000 items on both stacks together', () => {
    for (const version of ['base', 'witness_v0', 'tapscript'] as const) {
      assert.equal(run(repeat(OP_1, 1000), { version }).error, undefined);
      assert.equal(run(repeat(OP_1, 1001), { version }).error, 'STACK_SIZE');
      const both = (n: number) => script(repeat(OP_1, 100), repeat(OP_TOALTSTACK, 100), repeat(OP_1, n));
      assert.equal(run(both(900), { version }).error, undefined);
      assert.equal(run(both(901), { version }).error, 'STACK_SIZE');
    }
  });

  it('of OP_CHECKMULTISIG: 20 keys, no more signatures than keys, every item there', () => {
    const run0 = (text: string) => run(script(OP_CHECKMULTISIG), { stack: items(text) }).error;
    assert.equal(run(script(OP_CHECKMULTISIG)).error, 'INVALID_STACK_OPERATION');
    assert.equal(run0('- - 15'), 'PUBKEY_COUNT');
    assert.equal(run0('- - 81'), 'PUBKEY_COUNT');
    assert.equal(run0('- - 0000000000'), 'SCRIPTNUM');
    assert.equal(run0('- - 02 aa 01'), 'SIG_COUNT');
    assert.equal(run0('- 81 02 01'), 'SIG_COUNT');
    assert.equal(run0('- 0000000000 02 01'), 'SCRIPTNUM');
    assert.equal(run0('01'), 'INVALID_STACK_OPERATION');
    assert.equal(run0('01 02 01'), 'INVALID_STACK_OPERATION');
    assert.equal(run0('- -'), 'INVALID_STACK_OPERATION');
    assert.equal(run0('- - -'), undefined);
  });

  it('of time: 10^6 nested conditionals, the deepest rolls, the longest hashes', function () {
    this.timeout(10_000);
    const times = (count: number, ...opcodes: number[]): Uint8Array =>
      Uint8Array.from({ length: count * opcodes.length }, (_, i) => opcodes[i % opcodes.length] as number);
    const deep = script(times(250_000, OP_0, OP_IF), repeat(OP.OP_ELSE, 250_000), repeat(OP_ENDIF, 250_000));
    assert.equal(run(deep, { version: 'tapscript' }).error, undefined);
    const roll = script(repeat(OP_1, 900), times(40_000, 0x02, 0x7f, 0x03, OP.OP_ROLL));
    assert.equal(run(roll, { version: 'tapscript' }).error, undefined);
    const hashes = script(pushData(new Uint8Array(520)), times(50_000, OP.OP_DUP, OP.OP_SHA1, OP.OP_DROP));
    assert.equal(run(hashes, { version: 'tapscript' }).error, undefined);
  });

  it('of signature opcodes: two items, checked before anything else', () => {
    assert.equal(run(script(OP_1, OP_CHECKSIG)).error, 'INVALID_STACK_OPERATION');
    assert.equal(run(script(OP_1, OP.OP_CHECKSIGVERIFY)).error, 'INVALID_STACK_OPERATION');
    const two = run(script(OP_1, OP_1, OP.OP_CHECKSIGADD), { version: 'tapscript' });
    assert.equal(two.error, 'INVALID_STACK_OPERATION');
  });
});

describe('Conditions', () => {
  it('are those of a list of booleans, whatever is opened, turned and closed', () => {
    const step = fc.constantFrom('true', 'false', 'else', 'end');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list: boolean[] = [];
        const conditions = new Conditions();
        for (const word of steps) {
          if (word === 'true' || word === 'false') {
            list.push(word === 'true');
            conditions.open(word === 'true');
          } else if (list.length === 0) continue;
          else if (word === 'else') {
            list.push(!list.pop());
            conditions.toggle();
          } else {
            list.pop();
            conditions.close();
          }
          assert.equal(conditions.closed, list.length === 0);
          assert.equal(conditions.allTrue, list.every(Boolean));
        }
      }),
    );
  });
});
