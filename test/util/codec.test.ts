import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { compactSizeLength, DecodeError, decodeAll, Reader, Writer } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

const reader = (hex: string): Reader => new Reader(fromHex(hex));
const refuses = (hex: string, read: (r: Reader) => unknown, pattern: RegExp): void => {
  assert.throws(
    () => read(reader(hex)),
    (error) => error instanceof DecodeError && pattern.test(error.message),
  );
};

describe('CompactSize', () => {
  const cases: [number, string][] = [
    [0, '00'],
    [0xfc, 'fc'],
    [0xfd, 'fdfd00'],
    [0xffff, 'fdffff'],
    [0x10000, 'fe00000100'],
    [0x02000000, 'fe00000002'],
  ];
  for (const [n, hex] of cases)
    it(`${n} is ${hex}`, () => {
      assert.equal(toHex(new Writer().compactSize(n).finish()), hex);
      assert.equal(reader(hex).compactSize(), n);
      assert.equal(compactSizeLength(n), hex.length / 2);
    });

  it('writes numbers above 32 bits in nine bytes', () => {
    assert.equal(toHex(new Writer().compactSize(2 ** 32).finish()), 'ff0000000001000000');
    assert.equal(compactSizeLength(2 ** 32), 9);
  });

  for (const hex of ['fd0000', 'fdfc00', 'fe00000000', 'feffff0000', 'ff0000000000000000', 'ffffffffff00000000'])
    it(`${hex} is longer than needed and refused`, () => refuses(hex, (r) => r.compactSize(), /non-minimal/));

  it("above 32 MiB, above the caller's limit, and above 64-bit counts are refused", () => {
    refuses('fe01000002', (r) => r.compactSize(), /33554433 is above 33554432/);
    refuses('feffffffff', (r) => r.compactSize(0xffffffff), /above 33554432/);
    refuses('ffffffffffffffffff', (r) => r.compactSize(), /above/);
    refuses('05', (r) => r.compactSize(4), /5 is above 4/);
  });

  for (const hex of ['', 'fd', 'fdfd', 'fe000001', 'ff00000000000000'])
    it(`${hex || 'nothing'} is cut off and refused`, () => refuses(hex, (r) => r.compactSize(), /needs/));
});

describe('Reader', () => {
  it('reads integers little-endian, signed and unsigned, from a view into a larger buffer', () => {
    const r = new Reader(fromHex('ffff80010203ff00000080ffffffffffffffff0000000000000080ee').subarray(2));
    assert.equal(r.u8(), 0x80);
    assert.equal(r.u16(), 0x0201);
    assert.equal(r.u8(), 0x03);
    assert.equal(r.u8(), 0xff);
    assert.equal(r.i32(), -2147483648);
    assert.equal(r.u64(), 0xffffffffffffffffn);
    assert.equal(r.i64(), -(2n ** 63n));
    assert.equal(r.left, 1);
  });

  it('refuses lengths and counts that lie before it allocates anything', () => {
    refuses('05aabb', (r) => r.varBytes(), /needs 5 bytes at 1, 2 left/);
    refuses('fe00000002aa', (r) => r.varBytes(), /needs 33554432/);
    refuses('03aabb', (r) => r.count(1), /3 elements cannot fit in 2/);
    refuses('02aabbcc', (r) => r.count(2), /2 elements cannot fit in 3/);
    refuses('fdffff', (r) => r.count(41, 1000), /above 1000/);
    assert.equal(reader('02aabbccdd').count(2), 2);
  });

  it('leaves its position alone when a read fails', () => {
    const r = reader('0102');
    assert.throws(() => r.u32(), DecodeError);
    assert.equal(r.offset, 0);
    assert.equal(r.u16(), 0x0201);
  });

  it('refuses bytes left over', () => {
    assert.throws(() => decodeAll(fromHex('0102'), (r) => r.u8(), 'thing'), /thing: 1 bytes too many/);
    assert.equal(
      decodeAll(fromHex('01'), (r) => r.u8(), 'thing'),
      1,
    );
  });

  it('gives views, not copies', () => {
    const bytes = fromHex('0102');
    const view = new Reader(bytes).take(2);
    bytes[0] = 9;
    assert.equal(view[0], 9);
  });
});

describe('Writer and Reader', () => {
  it('undo each other for any sequence of fields', () => {
    const field = fc.oneof(
      fc.record({ kind: fc.constant('u8' as const), v: fc.nat(0xff) }),
      fc.record({ kind: fc.constant('u16' as const), v: fc.nat(0xffff) }),
      fc.record({ kind: fc.constant('u32' as const), v: fc.nat(0xffffffff) }),
      fc.record({ kind: fc.constant('i32' as const), v: fc.integer() }),
      fc.record({ kind: fc.constant('u64' as const), v: fc.bigInt(0n, 2n ** 64n - 1n) }),
      fc.record({ kind: fc.constant('i64' as const), v: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
      fc.record({ kind: fc.constant('varBytes' as const), v: fc.uint8Array({ maxLength: 300 }) }),
      fc.record({ kind: fc.constant('compactSize' as const), v: fc.nat(0x02000000) }),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), fc.nat(40), (fields, hint) => {
        const w = new Writer(hint);
        for (const { kind, v } of fields) (w[kind] as (value: unknown) => Writer)(v);
        const bytes = w.finish();
        assert.equal(bytes.length, w.length);
        const r = new Reader(bytes);
        for (const { kind, v } of fields) assert.deepEqual(r[kind](), v);
        r.end();
      }),
    );
  });
});
