import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Coins, formatDouble, nestsDeeperThan, parseJson, writeJson } from '../../src/rpc/json.ts';
import { AssertionFailure } from '../../src/util/assert.ts';

describe('JSON of answers', () => {
  it('writes amounts with exactly eight decimals and never an exponent', () => {
    assert.equal(writeJson(new Coins(1n)), '0.00000001');
    assert.equal(writeJson(new Coins(1000n)), '0.00001000');
    assert.equal(writeJson(new Coins(0n)), '0.00000000');
    assert.equal(writeJson(new Coins(5_000_000_000n)), '50.00000000');
    assert.equal(writeJson(new Coins(2_100_000_000_000_000n)), '21000000.00000000');
    assert.equal(writeJson(new Coins(-1n)), '-0.00000001');
  });

  it('writes difficulties as Bitcoin Core does: sixteen digits, exponent of two digits', () => {
    assert.equal(formatDouble(4.656542373906925e-10), '4.656542373906925e-10');
    assert.equal(formatDouble(0.00001), '1e-05');
    assert.equal(formatDouble(0.0001), '0.0001');
    assert.equal(formatDouble(0.1), '0.1');
    assert.equal(formatDouble(1 / 3), '0.3333333333333333');
    assert.equal(formatDouble(16_307.420_938_523_983), '16307.42093852398');
    assert.equal(formatDouble(1e16), '1e+16');
    assert.equal(formatDouble(123_456_789_012_345.6), '123456789012345.6');
    assert.equal(formatDouble(-0.5), '-0.5');
    assert.equal(formatDouble(1e100), '1e+100');
  });

  it('reads back every double to within its last digits', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), (value) => {
        const back = Number(formatDouble(value));
        assert.ok(back === value || Math.abs(back - value) <= Math.abs(value) * 1e-15, `${value} → ${back}`);
      }),
    );
  });

  it('writes what JSON.stringify writes for plain values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!/e\+308/.test(JSON.stringify(value)));
        assert.deepEqual(JSON.parse(writeJson(value as never)), JSON.parse(JSON.stringify(roundDoubles(value))));
      }),
    );
  });

  it('writes integers of any size, leaves out undefined members and keeps null', () => {
    assert.equal(writeJson({ a: 2n ** 70n, b: undefined, c: null }), '{"a":1180591620717411303424,"c":null}');
  });

  it('refuses to write what JSON has no number for', () => {
    assert.throws(() => writeJson({ x: Number.NaN }), AssertionFailure);
    assert.throws(() => writeJson([Number.POSITIVE_INFINITY]), AssertionFailure);
  });

  it('indents as Bitcoin Core does in its type errors', () => {
    assert.equal(
      writeJson({ a: 'b', c: [1, []] }, 4),
      '{\n    "a": "b",\n    "c": [\n        1,\n        []\n    ]\n}',
    );
  });
});

describe('JSON of requests', () => {
  it('is refused when it nests deeper than 512, whatever the brackets', () => {
    assert.equal(parseJson('['.repeat(512) + ']'.repeat(512)) === undefined, false);
    assert.equal(parseJson('['.repeat(513) + ']'.repeat(513)), undefined);
    assert.equal(parseJson(`${'{"a":'.repeat(513)}1${'}'.repeat(513)}`), undefined);
    assert.equal(parseJson('['.repeat(5_000_000)), undefined);
  });

  it('does not count brackets inside strings', () => {
    assert.equal(nestsDeeperThan(JSON.stringify('['.repeat(1000))), false);
    assert.equal(nestsDeeperThan(JSON.stringify(`\\"${'['.repeat(1000)}`)), false);
    assert.equal(nestsDeeperThan(`"\\\\"${'['.repeat(600)}`), true);
  });

  it('keeps ids that a double would print differently', () => {
    for (const id of ['12345678901234567890', '1.0', '1e3', '-0', '0.1', '7', '"7"', 'null']) {
      const read = parseJson(`{"id":${id}}`);
      assert.equal(writeJson(read?.value ?? null), `{"id":${id}}`);
    }
  });

  it('is refused when a number is beyond every double: it could not be echoed', () => {
    for (const text of ['1e999', '[-1e999]', '{"id":{"a":1e400}}', '{"id":1e999}'])
      assert.equal(parseJson(text), undefined, text);
    assert.equal(writeJson(parseJson('[1e308,1e-999]')?.value ?? null), '[1e+308,0]');
  });

  it('is refused when it is not JSON', () => {
    for (const text of ['', 'this is bad', '{', '{"a":1,}', "{'a':1}", 'NaN', '[1 2]', '\u0000']) {
      assert.equal(parseJson(text), undefined, text);
    }
  });
});

/** Doubles lose their seventeenth digit on purpose. */
function roundDoubles(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : Number(value.toPrecision(16));
  if (Array.isArray(value)) return value.map(roundDoubles);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, roundDoubles(member)]));
  }
  return value;
}
