import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { chacha20Keystream } from '../../src/crypto/chacha20.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { MuHash3072 } from '../../src/crypto/muhash.ts';
import { asciiBytes, reverseBytes } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';

/** 32 bytes of which the first is `n`: what Bitcoin Core's unit test hashes. */
function element(n: number): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes[0] = n;
  return bytes;
}

const hexOf = (set: MuHash3072): string => toHex(set.digest());

function keystream(key: Uint8Array, bytes: number): string {
  const out = new DataView(new ArrayBuffer(bytes));
  chacha20Keystream(key, out);
  return toHex(new Uint8Array(out.buffer));
}

describe('ChaCha20 keystream', () => {
  it('is that of RFC 8439 appendix A.1, vectors 1 and 2: key and nonce of zeros, counters 0 and 1', () => {
    assert.equal(
      keystream(new Uint8Array(32), 128),
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
        'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586' +
        '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
        '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
    );
  });

  it('takes keys of 32 bytes and whole blocks only', () => {
    assert.throws(() => keystream(new Uint8Array(31), 64), RangeError);
    assert.throws(() => keystream(new Uint8Array(32), 65), RangeError);
  });
});

describe('MuHash3072', () => {
  it("gives the value of Bitcoin Core's unit test: 0 and 1 added, 2 removed", () => {
    const set = new MuHash3072().add(element(0)).add(element(1)).remove(element(2));
    assert.equal(toHex(reverseBytes(set.digest())), '10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863');
  });

  it('of the empty set is the hash of the number one', () => {
    const one = new Uint8Array(384);
    one[0] = 1;
    assert.equal(hexOf(new MuHash3072()), toHex(sha256(one)));
  });

  it('does not depend on order, nor on whether removing comes first', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 12 }), fc.nat(), (list, seed) => {
        const inOrder = new MuHash3072();
        for (const data of list) inOrder.add(data);
        const turned = new MuHash3072().remove(asciiBytes('x'));
        const from = list.length === 0 ? 0 : seed % list.length;
        for (const data of [...list.slice(from), ...list.slice(0, from)].reverse()) turned.add(data);
        turned.add(asciiBytes('x'));
        assert.equal(hexOf(turned), hexOf(inOrder));
      }),
      { numRuns: 40 },
    );
  });

  it('adding then removing leaves what was there; an element twice is not an element once', () => {
    const set = new MuHash3072().add(element(7));
    const before = hexOf(set);
    assert.equal(hexOf(set.add(element(8)).remove(element(8))), before);
    assert.notEqual(hexOf(set.add(element(7))), before);
    assert.equal(hexOf(set.remove(element(7)).remove(element(7))), hexOf(new MuHash3072()));
  });

  it('combining sets is adding and removing their elements, and asking for the hash changes nothing', () => {
    const left = new MuHash3072().add(element(1)).remove(element(2));
    const right = new MuHash3072().add(element(3)).remove(element(4));
    left.digest();
    const all = new MuHash3072().add(element(1)).add(element(3)).remove(element(2)).remove(element(4));
    assert.equal(hexOf(left.combine(right)), hexOf(all));
    assert.equal(hexOf(left), hexOf(all));
  });

  it('stays exact over many elements', () => {
    const modulus = 2n ** 3072n - 1103717n;
    const set = new MuHash3072();
    let product = 1n;
    for (let i = 0; i < 300; i++) {
      const data = Uint8Array.of(i & 255, i >> 8);
      set.add(data);
      const expanded = keystream(sha256(data), 384);
      product = (product * BigInt(`0x${toHex(reverseBytes(Buffer.from(expanded, 'hex')))}`)) % modulus;
    }
    const bytes = Buffer.from(product.toString(16).padStart(768, '0'), 'hex').reverse();
    assert.equal(hexOf(set), toHex(sha256(Uint8Array.from(bytes))));
  });
});
