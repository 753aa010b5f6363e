import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { canonicalJson } from '../../src/params/canonicalJson.ts';
import { AssertionFailure } from '../../src/util/assert.ts';

describe('params/canonicalJson', () => {
  it('sorts keys by code unit at every depth and writes no whitespace', () => {
    const value = { b: [true, false], a: { z: 1, Z: 'two', '1': -3 }, empty: {}, none: [] };
    assert.equal(canonicalJson(value), '{"a":{"1":-3,"Z":"two","z":1},"b":[true,false],"empty":{},"none":[]}');
  });

  it('does not depend on the order in which keys were set', () => {
    const object = fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.boolean(), fc.string()));
    fc.assert(
      fc.property(object, (o) => {
        const reversed = Object.fromEntries(Object.entries(o).reverse());
        assert.equal(canonicalJson(reversed), canonicalJson(o));
        assert.deepEqual(JSON.parse(canonicalJson(o)), { ...o });
      }),
    );
  });

  it('leaves out keys without a value and escapes text as JSON does', () => {
    assert.equal(canonicalJson({ a: undefined, b: 'x"\\\n' }), '{"b":"x\\"\\\\\\n"}');
  });

  for (const [what, value] of [
    ['a fraction', 1.5],
    ['an unsafe integer', 2 ** 53],
    ['negative zero', -0],
    ['not a number', Number.NaN],
    ['null', null],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['undefined', undefined],
  ] as const) {
    it(`refuses ${what}, alone and inside an object or array`, () => {
      assert.throws(() => canonicalJson(value), AssertionFailure);
      assert.throws(() => canonicalJson([value]), AssertionFailure);
      if (value !== undefined) assert.throws(() => canonicalJson({ value }), AssertionFailure);
    });
  }
});
