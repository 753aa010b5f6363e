import assert from 'node:assert/strict';
import { amountOf } from '../../src/rpc/args.ts';
import { bindArgs } from '../../src/rpc/bind.ts';
import { RpcError } from '../../src/rpc/errors.ts';
import { helpText } from '../../src/rpc/help.ts';
import type { Json, JsonObject } from '../../src/rpc/json.ts';
import { allMethods } from '../../src/rpc/methods/all.ts';
import { type MethodSpec, method, optional, required } from '../../src/rpc/spec.ts';
import { vectorJson } from '../support/vectors.ts';
import { FakeNode } from './fakeNode.ts';
import { caller, fails } from './setup.ts';

const spec = (name: string): MethodSpec => allMethods.find((one) => one.name === name) as MethodSpec;

const sample = method({
  name: 'sample',
  category: 'Util',
  text: 'For tests.',
  params: [
    required('first', 'num', ''),
    optional('second|alias', 'str', ''),
    optional('options', 'obj', '', {
      namedMembers: true,
      inner: [optional('fast', 'bool', ''), optional('deep', 'num', '')],
    }),
  ],
  result: [],
  needs: [],
  run: () => null,
});

const bound = (params: readonly Json[] | JsonObject | null): readonly Json[] => bindArgs(sample, params).all;

function refused(
  params: readonly Json[] | JsonObject | null,
  code: number,
  message: string | RegExp,
  of = sample,
): void {
  assert.throws(
    () => bindArgs(of, params),
    (error) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.code, code);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    },
  );
}

describe('arguments by name', () => {
  it('take their places, holes are null', () => {
    assert.deepEqual(bound({ first: 1 }), [1]);
    assert.deepEqual(bound({ second: 'x', first: 1 }), [1, 'x']);
    assert.deepEqual(bound({ first: 1, options: {} }), [1, null, {}]);
  });

  it('may use an alias, but not both names', () => {
    assert.deepEqual(bound({ first: 1, alias: 'x' }), [1, 'x']);
    refused({ first: 1, alias: 'x', second: 'y' }, -8, 'Parameter alias specified multiple times');
  });

  it('may be preceded by positional ones in args', () => {
    assert.deepEqual(bound({ args: [1, 'x'] }), [1, 'x']);
    assert.deepEqual(bound({ args: [1], second: 'x' }), [1, 'x']);
    assert.deepEqual(bound({ args: [], first: 2 }), [2]);
    refused({ args: [1], first: 2 }, -8, 'Parameter first specified twice both as positional and named argument');
  });

  it('that nobody knows are refused', () => {
    refused({ first: 1, third: 2 }, -8, 'Unknown named parameter third');
  });

  it('may be members of an options object', () => {
    assert.deepEqual(bound({ first: 1, fast: true }), [1, null, { fast: true }]);
    assert.deepEqual(bound({ first: 1, fast: true, options: { deep: 3 } }), [1, null, { deep: 3, fast: true }]);
    refused({ first: 1, fast: true, options: { fast: false } }, -8, 'Parameter fast specified multiple times');
  });
});

describe('the number of arguments', () => {
  it('wrong gives -1 with the help text, so that probing clients see that the method exists', () => {
    refused([], -1, helpText(sample));
    refused([1, 'x', {}, 4], -1, helpText(sample));
    refused(null, -1, helpText(sample));
    refused({}, -1, helpText(sample));
    for (const one of allMethods) {
      refused(
        Array.from({ length: one.params.length + 1 }, () => null),
        -1,
        helpText(one),
        one,
      );
    }
  });

  it("starts like Bitcoin Core's recorded help", function () {
    const { errors } = vectorJson<{ errors: Record<string, { code: number; message: string }> }>(
      this,
      'rpc/recorded-shapes-core-0.21.json',
    );
    const missing = errors['missing param'];
    assert.equal(missing?.code, -1);
    const upTo = missing.message.indexOf('Examples:');
    assert.equal(helpText(spec('getblockhash')).slice(0, upTo), missing.message.slice(0, upTo));
    const many = errors['too many params'];
    const text = many?.message.slice(0, many.message.indexOf('Examples:')) as string;
    assert.equal(helpText(spec('getblockcount')).slice(0, text.length), text);
  });
});

describe('the types of arguments', () => {
  it('are all named at once: -3', () => {
    const message =
      'Wrong type passed:\n{\n    "Position 1 (first)": "JSON value of type string is not of expected type number",\n' +
      '    "Position 2 (second|alias)": "JSON value of type bool is not of expected type string"\n}';
    refused(['5', true], -3, message);
  });

  it('null stands for an optional one that is missing, not for a required one', () => {
    assert.deepEqual(bound([1, null, null]), [1, null, null]);
    refused([null], -3, /JSON value of type null is not of expected type number/);
  });

  it('integers must fit 32 bits and have no fraction', async () => {
    const call = caller(new FakeNode().full());
    for (const height of [1.5, 2 ** 31, -(2 ** 31) - 1, 1e300]) {
      await fails(call('getblockhash', height), -1, 'JSON integer out of range');
    }
    await fails(call('getblockhash', 2 ** 31 - 1), -8, 'Block height out of range');
    await fails(call('getblockhash', -1), -8, 'Block height out of range');
  });

  it('hashes have 64 hex digits', async () => {
    const call = caller(new FakeNode().full());
    await fails(call('getblock', 'abcd'), -8, "blockhash must be of length 64 (not 4, for 'abcd')");
    await fails(call('getblock', 'z'.repeat(64)), -8, `blockhash must be hexadecimal string (not '${'z'.repeat(64)}')`);
    await fails(call('gettxout', '', 0), -8, "txid must be of length 64 (not 0, for '')");
  });

  it('amounts are numbers or strings with at most eight decimals', () => {
    assert.equal(amountOf(0.1), 10_000_000n);
    assert.equal(amountOf(1e-8), 1n);
    assert.equal(amountOf(20_999_999.999_999_99), 2_099_999_999_999_999n);
    assert.equal(amountOf('0.00000001'), 1n);
    assert.equal(amountOf(0), 0n);
    const cases: [Json, string][] = [
      [0.123_456_789, 'Invalid amount'],
      ['1e-8x', 'Invalid amount'],
      ['', 'Invalid amount'],
      [1e300, 'Invalid amount'],
      [-1, 'Amount out of range'],
      [21_000_001, 'Amount out of range'],
      [true, 'Amount is not a number or string'],
      [null, 'Amount is not a number or string'],
    ];
    for (const [value, message] of cases) {
      assert.throws(
        () => amountOf(value),
        (error) => error instanceof RpcError && error.code === -3 && error.message === message,
      );
    }
  });
});
