import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import {
  encodeDer,
  hasHighS,
  isScalar,
  normalizeS,
  parseLaxDer,
  verifiableSignature,
} from '../../src/crypto/laxDer.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
const HALF = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0';
const ZERO = '00'.repeat(64);
const small = (r: string, s: string): string => r.padStart(64, '0') + s.padStart(64, '0');
const read = (hex: string): string | undefined => {
  const compact = parseLaxDer(fromHex(hex.replaceAll(' ', '')));
  return compact === undefined ? undefined : toHex(compact);
};

describe('parseLaxDer', () => {
  const accepted: [string, string, string][] = [
    ['strict DER', '30 06 02 01 05 02 01 07', small('05', '07')],
    ['any sequence length, even none or too long', '30 00 02 01 05 02 01 07', small('05', '07')],
    ['', '30 7f 02 01 05 02 01 07', small('05', '07')],
    ['a long-form sequence length whose value is not looked at', '30 83 ff ff ff 02 01 05 02 01 07', small('05', '07')],
    ['an indefinite sequence length', '30 80 02 01 05 02 01 07', small('05', '07')],
    ['long-form integer lengths with zeros in front', '30 06 02 85 00 00 00 00 01 05 02 81 01 07', small('05', '07')],
    ['leading zeros and negative integers as unsigned', '30 06 02 03 00 00 85 02 01 ff', small('85', 'ff')],
    ['integers of no bytes as zero', '30 04 02 00 02 00', ZERO],
    ['an integer length of 0x80 as zero bytes', '30 04 02 80 02 01 07', small('', '07')],
    ['bytes after s', '30 06 02 01 05 02 01 07 de ad be ef', small('05', '07')],
    [
      '40 bytes of which 8 are leading zeros',
      `30 06 02 28 ${'00'.repeat(8)}${'11'.repeat(32)} 02 01 07`,
      '11'.repeat(32) + small('', '07').slice(64),
    ],
  ];
  for (const [what, hex, expected] of accepted)
    it(`reads ${what || hex}`, () => {
      assert.equal(read(hex), expected);
    });

  it('gives zeros, which no key verifies, for r or s of the order or more, or longer than 32 bytes', () => {
    assert.equal(read(`30 00 02 21 00${ORDER} 02 01 07`), ZERO);
    assert.equal(read(`30 00 02 01 07 02 20 ${ORDER}`), ZERO);
    assert.equal(read(`30 00 02 21 01${'00'.repeat(32)} 02 01 07`), ZERO);
  });

  const refused: [string, string][] = [
    ['nothing', ''],
    ['another tag', '31 06 02 01 05 02 01 07'],
    ['a sequence without length', '30'],
    ['a long-form sequence length cut off', '30 84 00 00'],
    ['r that is no INTEGER', '30 06 03 01 05 02 01 07'],
    ['r without length', '30 06 02'],
    ['r longer than the rest', '30 06 02 09 05 02 01 07'],
    ['s that is missing', '30 06 02 01 05'],
    ['s that is no INTEGER', '30 06 02 01 05 03 01 07'],
    ['s longer than the rest', '30 06 02 01 05 02 02 07'],
    ['a length of four significant bytes', '30 06 02 84 01 00 00 00 05 02 01 07'],
    ['length bytes cut off', '30 06 02 85 00'],
  ];
  for (const [what, hex] of refused)
    it(`refuses ${what}`, () => {
      assert.equal(read(hex), undefined);
    });

  it('reads every prefix and every changed byte of a signature without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const compact = parseLaxDer(bytes);
        assert.ok(compact === undefined || compact.length === 64);
      }),
    );
  });

  it('reads what encodeDer writes', () => {
    const scalar = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(isScalar);
    fc.assert(
      fc.property(scalar, scalar, fc.nat(32), (r, s, zeros) => {
        const compact = new Uint8Array(64);
        compact.set(r, 0);
        compact.set(s, 32);
        compact.fill(0, 0, zeros);
        const der = encodeDer(compact);
        assert.ok(der.length >= 8 && der.length <= 72);
        assert.deepEqual(parseLaxDer(der), compact);
      }),
    );
  });
});

describe('S normalization', () => {
  const withS = (s: string): Uint8Array => fromHex('11'.repeat(32) + s);
  it('calls s high from half the order on', () => {
    assert.equal(hasHighS(withS(HALF)), false);
    assert.equal(hasHighS(withS(`${HALF.slice(0, -1)}1`)), true);
  });
  it('takes order − s for a high s and keeps r', () => {
    assert.equal(toHex(normalizeS(withS(`${HALF.slice(0, -1)}1`))), '11'.repeat(32) + HALF);
    assert.equal(toHex(normalizeS(withS(`${ORDER.slice(0, -1)}0`))), '11'.repeat(32) + '1'.padStart(64, '0'));
    assert.equal(toHex(normalizeS(withS(HALF))), '11'.repeat(32) + HALF);
  });
});

describe('verifiableSignature', () => {
  const HALVES = ['', '05', HALF, `${HALF.slice(0, -1)}1`, `${ORDER.slice(0, -1)}0`, ORDER, 'ff'.repeat(32)];
  const scalar = fc.oneof(
    fc.constantFrom(...HALVES).map((hex) => fromHex(hex.padStart(64, '0'))),
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
  );
  /** Strict DER, with a byte changed or the end cut off now and then. */
  const der = fc
    .record({ r: scalar, s: scalar, at: fc.nat(71), byte: fc.nat(255), harm: fc.integer({ min: 0, max: 3 }) })
    .map(({ r, s, at, byte, harm }) => {
      const compact = new Uint8Array(64);
      compact.set(r);
      compact.set(s, 32);
      const bytes = encodeDer(compact);
      if (harm === 1 && at < bytes.length) bytes[at] = byte;
      return harm === 2 ? bytes.slice(0, at) : bytes;
    });
  const zero = (bytes: Uint8Array): boolean => toHex(bytes) === '00'.repeat(32);

  it('is low-S r ‖ s of what parseLaxDer reads, neither of them zero, call after call', () => {
    fc.assert(
      fc.property(der, (bytes) => {
        const compact = parseLaxDer(bytes);
        const none = compact === undefined || zero(compact.slice(0, 32)) || zero(compact.slice(32));
        const got = verifiableSignature(bytes);
        assert.equal(got && toHex(got), none ? undefined : toHex(normalizeS(compact)));
      }),
      { numRuns: 2000 },
    );
  });
});
