import { strict as assert } from 'node:assert';
import { siphash24 } from '../../src/crypto/siphash.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';

describe('SipHash-2-4', () => {
  it('gives the value of its authors for 15 bytes', () => {
    const data = Uint8Array.from({ length: 15 }, (_, i) => i);
    assert.equal(siphash24(0x0706050403020100n, 0x0f0e0d0c0b0a0908n, data), 0xa129ca6149be45e5n);
  });

  it("passes Bitcoin Core's vectors", function () {
    interface Case {
      readonly key: [string, string];
      /** Hex of the bytes, in pieces. */
      readonly input: readonly string[];
      readonly expected: { readonly siphash24: string };
    }
    const cases = vectorJson<Case[]>(this, 'core/siphash.json');
    assert.ok(cases.length > 100);
    for (const { key, input, expected } of cases) {
      const data = fromHex(input.join(''));
      const hash = siphash24(BigInt(`0x${key[0]}`), BigInt(`0x${key[1]}`), data);
      assert.equal(hash.toString(16).padStart(16, '0'), expected.siphash24, JSON.stringify(input));
    }
  });
});
