import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import {
  decodeCompact,
  difficultyOf,
  encodeCompact,
  hashToNumber,
  targetOf,
  workOf,
} from '../../src/primitives/compact.ts';
import { fromHex } from '../../src/util/hex.ts';

describe('Compact bits', () => {
  // Bitcoin Core's arith_uint256 cases: bits, number, what it is written as, negative, overflow.
  const cases: [number, bigint, number, boolean?, boolean?][] = [
    [0x00000000, 0n, 0],
    [0x00123456, 0n, 0],
    [0x01003456, 0n, 0],
    [0x02000056, 0n, 0],
    [0x03000000, 0n, 0],
    [0x04000000, 0n, 0],
    [0x00923456, 0n, 0],
    [0x01803456, 0n, 0],
    [0x02800056, 0n, 0],
    [0x03800000, 0n, 0],
    [0x04800000, 0n, 0],
    [0x01123456, 0x12n, 0x01120000],
    [0x01fedcba, 0x7en, 0x017e0000, true],
    [0x02123456, 0x1234n, 0x02123400],
    [0x03123456, 0x123456n, 0x03123456],
    [0x04123456, 0x12345600n, 0x04123456],
    [0x04923456, 0x12345600n, 0x04123456, true],
    [0x05009234, 0x92340000n, 0x05009234],
    [0x20123456, 0x123456n << 232n, 0x20123456],
    [0xff123456, 0n, 0, false, true],
  ];
  for (const [bits, target, back, negative = false, overflow = false] of cases)
    it(`0x${bits.toString(16).padStart(8, '0')}${negative ? ', negative' : ''}${overflow ? ', too large' : ''}`, () => {
      const decoded = decodeCompact(bits);
      assert.equal(decoded.negative, negative);
      assert.equal(decoded.overflow, overflow);
      if (!overflow) assert.equal(decoded.target, target);
      if (!overflow) assert.equal(encodeCompact(decoded.target), back);
    });

  it('writes 0x80 with a byte more, because the top bit is the sign', () => {
    assert.equal(encodeCompact(0x80n), 0x02008000);
    assert.equal(encodeCompact(2n ** 256n - 1n), 0x2100ffff);
  });

  it('overflows from exactly 2^256 on', () => {
    for (const [bits, overflow] of [
      [0x2100ffff, false],
      [0x21010000, true],
      [0x220000ff, false],
      [0x22000100, true],
      [0x23000001, true],
      [0x2000ffff, false],
      [0xff000000, false],
    ] as const)
      assert.equal(decodeCompact(bits).overflow, overflow, bits.toString(16));
  });

  it('are read back as the 23 leading bits of any number', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 256n - 1n), (n) => {
        const { target, negative, overflow } = decodeCompact(encodeCompact(n));
        assert.ok(!negative && !overflow && target <= n);
        assert.equal(encodeCompact(target), encodeCompact(n));
        assert.ok(n - target < n >> 15n || n < 2n ** 24n);
      }),
    );
  });

  it('are no target when zero, negative, too large or above the limit', () => {
    const limit = decodeCompact(0x207fffff).target;
    assert.equal(targetOf(0x207fffff, limit), limit);
    assert.equal(targetOf(0x1d00ffff, limit), 0xffffn << 208n);
    for (const bits of [0, 0x20800001, 0x1d80ffff, 0xff123456, 0x21008000, 0x2100ffff])
      assert.equal(targetOf(bits, limit), undefined);
    assert.equal(targetOf(0x1d010000, 0xffffn << 208n), undefined);
  });

  it('have the work of 2^256 / (target + 1)', () => {
    assert.equal(workOf(0x207fffff), 2n);
    assert.equal(workOf(0x1d00ffff), 0x100010001n);
    for (const bits of [0, 0x20800001, 0xff123456]) assert.equal(workOf(bits), 0n);
  });

  it('print as difficulty', () => {
    assert.equal(difficultyOf(0x1d00ffff), 1);
    assert.equal(difficultyOf(0x1b0404cb), 16307.420938523983);
    assert.equal(difficultyOf(0x207fffff), 4.6565423739069247e-10);
  });
});

describe('hashToNumber', () => {
  it('reads the hash little-endian', () => {
    assert.equal(hashToNumber(fromHex(`01${'00'.repeat(30)}80`)), (0x80n << 248n) + 1n);
  });
});
