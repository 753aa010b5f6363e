import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fromHex, fromHexReversed, isHex, toHex, toHexReversed } from '../../src/util/hex.ts';

describe('util: hex', () => {
  it('writes what Buffer writes, for every byte and for lengths around a chunk', () => {
    assert.equal(
      toHex(Uint8Array.from({ length: 256 }, (_, i) => i)),
      Buffer.from([...Array(256).keys()]).toString('hex'),
    );
    for (const n of [0, 1, 31, 32, 2047, 2048, 2049, 4096, 4097, 100_000]) {
      const bytes = new Uint8Array(randomBytes(n));
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromHexReversed(toHexReversed(bytes)), bytes);
    }
  });

  it('reversed: as hashes are shown, without changing the argument', () => {
    const bytes = Uint8Array.of(1, 2, 255);
    assert.equal(toHexReversed(bytes), 'ff0201');
    assert.deepEqual(bytes, Uint8Array.of(1, 2, 255));
    const buffer = Buffer.from(bytes);
    assert.equal(toHexReversed(buffer), 'ff0201');
    assert.deepEqual(buffer, Buffer.from(bytes), 'slice of a Buffer shares its memory');
  });

  it('refuses odd lengths and other characters', () => {
    assert.throws(() => fromHex('abc'), RangeError);
    for (const text of ['zz', '0x', '0 ', '-1', 'é0']) assert.throws(() => fromHex(text), RangeError);
    assert.equal(isHex('0aF'), false);
    assert.equal(isHex('0aFf'), true);
    assert.equal(isHex(''), true);
  });
});
