import assert from 'node:assert/strict';
import fc from 'fast-check';
import { secp } from '../../src/crypto/secp.ts';
import {
  compressAmount,
  decompressAmount,
  readScript,
  readScriptAsCore,
  writeAmount,
  writeScript,
  writeScriptAsCore,
} from '../../src/primitives/txOutCompression.ts';
import { readVarint, readVarintBig, writeVarint } from '../../src/primitives/varint.ts';
import { DecodeError, decodeAll, Reader, Writer } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

function written(write: (w: Writer, script: Uint8Array) => void, script: Uint8Array): Uint8Array {
  const w = new Writer();
  write(w, script);
  return w.finish();
}

describe('compressed amounts and scripts', () => {
  it("VARINT is Bitcoin Core's", () => {
    // serialize.h: 0:[00] 127:[7f] 128:[80 00] 255:[80 7f] 256:[81 00] 16383:[fe 7f] 16384:[ff 00] 16511:[ff 7f] 65535:[82 fe 7f] 2^32:[8e fe fe ff 00]
    const known: readonly (readonly [number, string])[] = [
      [0, '00'],
      [127, '7f'],
      [128, '8000'],
      [255, '807f'],
      [256, '8100'],
      [16383, 'fe7f'],
      [16384, 'ff00'],
      [16511, 'ff7f'],
      [65535, '82fe7f'],
      [2 ** 32, '8efefeff00'],
    ];
    for (const [n, hex] of known) {
      const w = new Writer();
      writeVarint(w, n);
      assert.equal(toHex(w.finish()), hex);
      const big = new Writer();
      writeVarint(big, BigInt(n));
      assert.equal(toHex(big.finish()), hex);
      assert.equal(readVarint(new Reader(fromHex(hex))), n);
    }
    assert.throws(() => readVarint(new Reader(new Uint8Array(20).fill(0xff))), DecodeError);
    assert.throws(() => readVarintBig(new Reader(new Uint8Array(20).fill(0xff))), DecodeError);
  });

  it('VARINT round-trips', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger().map(Math.abs), (n) => {
        const w = new Writer();
        writeVarint(w, Math.min(n, Number.MAX_SAFE_INTEGER - 1));
        assert.equal(readVarint(new Reader(w.finish())), Math.min(n, Number.MAX_SAFE_INTEGER - 1));
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (n) => {
        const w = new Writer();
        writeVarint(w, n);
        assert.equal(readVarintBig(new Reader(w.finish())), n);
      }),
    );
  });

  it('VARINTs of 64 bits are read on both sides of what numbers hold, and refused above', () => {
    const written = (n: bigint): Uint8Array => {
      const w = new Writer();
      writeVarint(w, n);
      return w.finish();
    };
    for (const near of [2n ** 45n, 2n ** 52n, 2n ** 53n, 2n ** 57n, 2n ** 64n - 50n])
      for (let d = -49n; d <= 49n; d++) assert.equal(readVarintBig(new Reader(written(near + d))), near + d);
    assert.throws(() => readVarintBig(new Reader(fromHex(`${'ff'.repeat(10)}7f`))), /above 64 bits/);
    assert.throws(() => readVarintBig(new Reader(fromHex('ff'.repeat(7)))), DecodeError);
  });

  it("compressed amounts are Bitcoin Core's", () => {
    // compress_tests.cpp
    const known: readonly (readonly [bigint, bigint])[] = [
      [0n, 0n],
      [1n, 1n],
      [1_000_000n, 7n],
      [100_000_000n, 9n],
      [50n * 100_000_000n, 50n],
      [21_000_000n * 100_000_000n, 21_000_000n],
    ];
    for (const [amount, packed] of known) {
      assert.equal(BigInt(compressAmount(amount)), packed);
      assert.equal(decompressAmount(packed), amount);
    }
    const roundTrip = (n: bigint): void => assert.equal(decompressAmount(BigInt(compressAmount(n))), n);
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 21_000_000n * 100_000_000n }), roundTrip));
    // Where numbers end and bigints begin.
    for (const near of [9n * 10n ** 14n, 2n ** 53n]) for (let d = -1000n; d <= 1000n; d++) roundTrip(near + d);
  });

  it('any compressed amount of 64 bits is read by the published formula, also where numbers end', () => {
    // Bitcoin Core compressor.cpp, DecompressAmount.
    const published = (packed: bigint): bigint => {
      if (packed === 0n) return 0n;
      const e = (packed - 1n) % 10n;
      const x = (packed - 1n) / 10n;
      const n = e < 9n ? (x / 9n) * 10n + (x % 9n) + 1n : x + 1n;
      return n * 10n ** e;
    };
    const same = (packed: bigint): void => assert.equal(decompressAmount(packed), published(packed));
    for (const near of [10n ** 2n, 10n ** 9n, 2n ** 45n, 2n ** 52n, 2n ** 53n, 2n ** 63n])
      for (let d = -30n; d <= 30n; d++) same(near + d);
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), same));
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n }), same));
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 8n }), same));
    // Amounts around the largest safe integer, made of every number of trailing zeros.
    for (let e = 0n; e <= 9n; e++)
      for (let d = -12n; d <= 12n; d++) same(BigInt(compressAmount((2n ** 53n / 10n ** e + d) * 10n ** e)));
  });

  it('amounts are written as their compressed numbers, on both sides of what numbers can do', () => {
    const written = (write: (w: Writer) => void): string => {
      const w = new Writer();
      write(w);
      return toHex(w.finish());
    };
    const same = (amount: bigint): void => {
      const packed = compressAmount(amount);
      assert.equal(
        written((w) => writeAmount(w, amount)),
        written((w) => writeVarint(w, packed)),
      );
    };
    const limit = 10n ** 15n;
    for (const near of [0n, 10n, 10n ** 9n, 10n ** 10n, limit, 2n * limit])
      for (let d = -3n; d <= 3n; d++) if (near + d >= 0n) same(near + d);
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 21_000_000n * 100_000_000n }), same));
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2_100_000n }), fc.nat(9), (n, e) => same(n * 10n ** BigInt(e))));
  });

  const privateKey = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? n : 0));
  const p2pk = (key: Uint8Array): string => `${key.length.toString(16)}${toHex(key)}ac`;

  it("scripts take Bitcoin Core's short forms, uncompressed keys by their x and the last bit of y", () => {
    const parities = new Set<number>();
    for (let n = 1; n <= 8; n++) {
      const long = secp().publicKeyOf(privateKey(n), false) as Uint8Array;
      const short = secp().publicKeyOf(privateKey(n), true) as Uint8Array;
      const x = toHex(short.subarray(1));
      parities.add(short[0] as number);
      assert.equal(toHex(written(writeScriptAsCore, fromHex(p2pk(long)))), `0${(short[0] as number) + 2}${x}`);
      assert.equal(toHex(written(writeScriptAsCore, fromHex(p2pk(short)))), `0${short[0]}${x}`);
      for (const key of [long, short]) {
        const script = fromHex(p2pk(key));
        assert.deepEqual(decodeAll(written(writeScriptAsCore, script), readScriptAsCore, 'script'), script);
        assert.deepEqual(decodeAll(written(writeScript, script), readScript, 'script'), script);
      }
      assert.equal(written(writeScript, fromHex(p2pk(long))).length, 68, 'our own records keep it whole');
    }
    assert.deepEqual([...parities].sort(), [2, 3], 'both parities were seen');
  });

  it('a P2PK script whose key is no point is kept whole', () => {
    const key = secp().publicKeyOf(privateKey(1), false) as Uint8Array;
    const bent = Uint8Array.from(key);
    bent[64] = (bent[64] as number) ^ 2;
    const hybrid = Uint8Array.from(key);
    hybrid[0] = 6;
    for (const script of [p2pk(bent), p2pk(hybrid)].map(fromHex)) {
      const bytes = written(writeScriptAsCore, script);
      assert.equal(toHex(bytes), `49${toHex(script)}`);
      assert.deepEqual(decodeAll(bytes, readScriptAsCore, 'script'), script);
    }
  });

  it('bad short forms are refused', () => {
    // x = 5 is on no point of secp256k1.
    const five = `${'00'.repeat(31)}05`;
    for (const hex of [`04${five}`, `05${five}`, '04', '00', `01${'11'.repeat(19)}`, '07'])
      assert.throws(() => decodeAll(fromHex(hex), readScriptAsCore, 'script'), DecodeError, hex);
    assert.throws(() => decodeAll(fromHex(`04${five}`), readScript, 'script'), DecodeError);
    const long = written(writeScriptAsCore, new Uint8Array(10_001));
    assert.equal(decodeAll(long, readScriptAsCore, 'script').length, 10_001);
    assert.throws(() => decodeAll(long, (r) => readScriptAsCore(r, 10_000), 'script'), /10001 bytes are above 10000/);
  });

  it('any script comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const script = Uint8Array.from(bytes);
        for (const [write, read] of [
          [writeScript, readScript],
          [writeScriptAsCore, readScriptAsCore],
        ] as const)
          assert.deepEqual(
            decodeAll(written(write, script), (r) => read(r), 'script'),
            script,
          );
      }),
    );
  });
});
