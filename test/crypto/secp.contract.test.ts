import { strict as assert } from 'node:assert';
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { encodeDer, hasHighS, normalizeS, parseLaxDer } from '../../src/crypto/laxDer.ts';
import type { EcdsaProvider, SchnorrProvider } from '../../src/crypto/secp.ts';
import { loadNativeEcdsa } from '../../src/crypto/secpNative.node.ts';
import { nobleSecpProvider } from '../../src/crypto/secpNoble.ts';
import { nodeSecpProvider } from '../../src/crypto/secpNode.node.ts';
import { wasmSecpProvider } from '../../src/crypto/secpWasm.node.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const FIELD = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
const be32 = (n: bigint): Uint8Array => fromHex(n.toString(16).padStart(64, '0'));
const MSG = be32(0x1234567890abcdefn);
const KEY = be32(0xc0ffeen);
const AUX = be32(7n);

const nodeSha256 = (data: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', data, 'buffer'));

const ecdsa: [string, () => EcdsaProvider][] = [
  ['noble', () => nobleSecpProvider],
  ['native', loadNativeEcdsa],
  ['wasm', () => wasmSecpProvider],
  ['chosen for Node', () => nodeSecpProvider().provider],
];
const schnorr: [string, () => SchnorrProvider][] = [
  ['noble', () => nobleSecpProvider],
  ['wasm', () => wasmSecpProvider],
  ['chosen for Node', () => nodeSecpProvider().provider],
];

function hybrid(uncompressed: Uint8Array): Uint8Array {
  const key = uncompressed.slice();
  key[0] = 6 + ((key[64] as number) & 1);
  return key;
}

/** r ‖ s of any size as DER, without looking at their range. */
function derOf(r: bigint, s: bigint): Uint8Array {
  const part = (n: bigint): Uint8Array => {
    const hex = n.toString(16);
    const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
    const positive = (bytes[0] as number) >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : bytes;
    return concatBytes(Uint8Array.of(2, positive.length), positive);
  };
  const body = concatBytes(part(r), part(s));
  return concatBytes(Uint8Array.of(0x30, body.length), body);
}

interface Wycheproof {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly uncompressed: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

for (const [name, load] of ecdsa) {
  describe(`ECDSA provider: ${name}`, () => {
    let p: EcdsaProvider;
    let compressed: Uint8Array;
    let uncompressed: Uint8Array;
    let sig: Uint8Array;
    before(function () {
      const { slowBecause } = nodeSecpProvider();
      if (name === 'native' && slowBecause !== undefined) {
        console.log(`      skipped: ${slowBecause}`);
        this.skip();
      }
      p = load();
      compressed = p.publicKeyOf(KEY, true) as Uint8Array;
      uncompressed = p.publicKeyOf(KEY, false) as Uint8Array;
      sig = p.signCompact(MSG, KEY) as Uint8Array;
    });

    it('signs as RFC 6979 says, low S, and verifies under all four key encodings', () => {
      assert.equal(toHex(sig), toHex(nobleSecpProvider.signCompact(MSG, KEY) as Uint8Array));
      assert.equal(hasHighS(sig), false);
      for (const key of [compressed, uncompressed, hybrid(uncompressed)]) {
        assert.equal(p.isPublicKey(key), true);
        assert.equal(p.verifyEcdsa(encodeDer(sig), MSG, key), true, toHex(key));
      }
    });

    it('mixes extra data into the nonce the same way', () => {
      const extra = be32(1n);
      assert.equal(
        toHex(p.signCompact(MSG, KEY, extra) as Uint8Array),
        toHex(nobleSecpProvider.signCompact(MSG, KEY, extra) as Uint8Array),
      );
      assert.notEqual(toHex(p.signCompact(MSG, KEY, extra) as Uint8Array), toHex(sig));
    });

    it('accepts the high-S twin of a signature', () => {
      const high = concatBytes(sig.subarray(0, 32), be32(ORDER - BigInt(`0x${toHex(sig.subarray(32))}`)));
      assert.equal(hasHighS(high), true);
      assert.deepEqual(normalizeS(high), sig);
      assert.equal(p.verifyEcdsa(encodeDer(high), MSG, compressed), true);
    });

    it('refuses r and s that are zero, the order, above it, or longer than 32 bytes', () => {
      const r = BigInt(`0x${toHex(sig.subarray(0, 32))}`);
      const s = BigInt(`0x${toHex(sig.subarray(32))}`);
      for (const bad of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n, 2n ** 256n + r, FIELD]) {
        assert.equal(p.verifyEcdsa(derOf(bad, s), MSG, compressed), false, `r = ${bad}`);
        assert.equal(p.verifyEcdsa(derOf(r, bad), MSG, compressed), false, `s = ${bad}`);
      }
      assert.equal(p.verifyEcdsa(derOf(r + ORDER, s), MSG, compressed), false);
      assert.equal(p.verifyEcdsa(derOf(r, s), MSG, compressed), true);
    });

    it('refuses another message, another key, and every changed byte', () => {
      const other = MSG.slice();
      other[31] = (other[31] as number) ^ 1;
      assert.equal(p.verifyEcdsa(encodeDer(sig), other, compressed), false);
      assert.equal(p.verifyEcdsa(encodeDer(sig), MSG, p.publicKeyOf(be32(5n), true) as Uint8Array), false);
      for (let i = 0; i < 64; i += 7) {
        const bad = sig.slice();
        bad[i] = (bad[i] as number) ^ 0x10;
        assert.equal(p.verifyEcdsa(encodeDer(bad), MSG, compressed), false, `byte ${i}`);
      }
    });

    it('refuses keys off the curve, with the wrong first byte, parity or length', () => {
      const offCurve = uncompressed.slice();
      offCurve[64] = (offCurve[64] as number) ^ 1;
      const wrongParity = hybrid(uncompressed);
      wrongParity[0] = wrongParity[0] === 6 ? 7 : 6;
      const noSuchX = concatBytes(Uint8Array.of(2), be32(5n)); // 5³ + 7 is no square
      const xAboveField = concatBytes(Uint8Array.of(2), be32(FIELD + 1n));
      const keys = [
        offCurve,
        wrongParity,
        noSuchX,
        xAboveField,
        new Uint8Array(0),
        new Uint8Array(33),
        new Uint8Array(65),
      ];
      keys.push(compressed.subarray(0, 32), concatBytes(compressed, Uint8Array.of(0)), compressed.subarray(1));
      keys.push(
        concatBytes(Uint8Array.of(4), compressed.subarray(1)),
        concatBytes(Uint8Array.of(2), uncompressed.subarray(1)),
      );
      keys.push(
        concatBytes(Uint8Array.of(5), uncompressed.subarray(1)),
        concatBytes(Uint8Array.of(1), compressed.subarray(1)),
      );
      for (const key of keys) {
        assert.equal(p.isPublicKey(key), false, toHex(key));
        assert.equal(p.convertPublicKey(key, true), undefined);
        assert.equal(p.verifyEcdsa(encodeDer(sig), MSG, key), false);
      }
    });

    it('answers for every wrong length instead of throwing', () => {
      for (const length of [0, 1, 31, 33, 64, 65]) {
        const bytes = new Uint8Array(length).fill(1);
        assert.equal(p.verifyEcdsa(encodeDer(sig), bytes, compressed), false);
        assert.equal(p.verifyEcdsa(bytes, MSG, compressed), false);
        assert.equal(p.isPrivateKey(bytes), false);
        assert.equal(p.publicKeyOf(bytes, true), undefined);
        assert.equal(p.signCompact(bytes, KEY), undefined);
        assert.equal(p.signCompact(MSG, bytes), undefined);
        assert.equal(p.signCompact(MSG, KEY, bytes), undefined);
        assert.equal(p.tweakAddPrivate(KEY, bytes), undefined);
        assert.equal(p.tweakAddPrivate(bytes, MSG), undefined);
      }
    });

    it('takes private keys from 1 to order − 1 only', () => {
      for (const n of [1n, ORDER - 1n]) assert.equal(p.isPrivateKey(be32(n)), true);
      for (const n of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
        assert.equal(p.isPrivateKey(be32(n)), false);
        assert.equal(p.publicKeyOf(be32(n), true), undefined);
        assert.equal(p.signCompact(MSG, be32(n)), undefined);
      }
    });

    it('adds tweaks modulo the order, refuses the zero key and leaves its arguments alone', () => {
      const key = KEY.slice();
      assert.deepEqual([...(p.tweakAddPrivate(key, be32(2n)) as Uint8Array)], [...be32(0xc0fff0n)]);
      assert.deepEqual(key, KEY);
      assert.deepEqual([...(p.tweakAddPrivate(be32(ORDER - 1n), be32(3n)) as Uint8Array)], [...be32(2n)]);
      assert.deepEqual([...(p.tweakAddPrivate(KEY, be32(0n)) as Uint8Array)], [...KEY]);
      assert.equal(p.tweakAddPrivate(be32(ORDER - 1n), be32(1n)), undefined);
      assert.equal(p.tweakAddPrivate(KEY, be32(ORDER)), undefined);
    });

    it('converts between key encodings', () => {
      for (const key of [compressed, uncompressed, hybrid(uncompressed)]) {
        assert.deepEqual([...(p.convertPublicKey(key, true) as Uint8Array)], [...compressed]);
        assert.deepEqual([...(p.convertPublicKey(key, false) as Uint8Array)], [...uncompressed]);
      }
    });

    it('returns arrays that slice() copies', () => {
      for (const out of [p.publicKeyOf(KEY, true), p.signCompact(MSG, KEY), p.convertPublicKey(compressed, false)]) {
        assert.equal(Object.getPrototypeOf(out), Uint8Array.prototype);
      }
    });

    it('gives the verdict of the Wycheproof vectors for Bitcoin under strict DER and low S', function () {
      const file = vectorJson<Wycheproof>(this, 'crypto/wycheproof-ecdsa_secp256k1_sha256_bitcoin_test.json');
      let seen = 0;
      for (const group of file.testGroups) {
        const key = fromHex(group.publicKey.uncompressed);
        for (const t of group.tests) {
          seen++;
          const msg = nodeSha256(fromHex(t.msg));
          const der = fromHex(t.sig);
          const got = p.verifyEcdsa(der, msg, key);
          const compact = parseLaxDer(der);
          const strict = compact !== undefined && !hasHighS(compact) && toHex(encodeDer(compact)) === t.sig;
          assert.equal(got && strict, t.result === 'valid', `test ${t.tcId}`);
        }
      }
      assert.equal(seen, file.numberOfTests);
    });

    it('gives the verdict of the general Wycheproof vectors, high S allowed', function () {
      const file = vectorJson<Wycheproof>(this, 'crypto/wycheproof-ecdsa_secp256k1_sha256_test.json');
      let seen = 0;
      for (const group of file.testGroups) {
        const key = fromHex(group.publicKey.uncompressed);
        for (const t of group.tests) {
          seen++;
          const der = fromHex(t.sig);
          const got = p.verifyEcdsa(der, nodeSha256(fromHex(t.msg)), key);
          const compact = parseLaxDer(der);
          const strict = compact !== undefined && toHex(encodeDer(compact)) === t.sig;
          assert.equal(got && strict, t.result === 'valid', `test ${t.tcId}`);
        }
      }
      assert.equal(seen, file.numberOfTests);
    });
  });
}

for (const [name, load] of schnorr) {
  describe(`Schnorr provider: ${name}`, () => {
    let p: SchnorrProvider;
    before(() => {
      p = load();
    });

    it('passes the BIP340 vectors', function () {
      const rows = vectorText(this, 'bips/bip340.csv').trim().split(/\r?\n/).slice(1);
      let seen = 0;
      for (const row of rows) {
        const [index, secret, pub, aux, msg, sig, result] = row.split(',') as [string, ...string[]];
        const message = fromHex(msg as string);
        seen++;
        const verdict = p.verifySchnorr(fromHex(sig as string), message, fromHex(pub as string));
        assert.equal(verdict, result === 'TRUE', `vector ${index}`);
        if (secret !== '') {
          const made = p.signSchnorr(message, fromHex(secret as string), fromHex(aux as string)) as Uint8Array;
          assert.equal(toHex(made), (sig as string).toLowerCase(), `vector ${index}`);
        }
      }
      assert.ok(seen >= 19, `${seen} vectors`);
    });

    it('answers for wrong lengths and values instead of throwing', () => {
      const xOnly = (nobleSecpProvider.publicKeyOf(KEY, true) as Uint8Array).slice(1);
      const sig = p.signSchnorr(MSG, KEY, AUX) as Uint8Array;
      assert.equal(p.verifySchnorr(sig, MSG, xOnly), true);
      for (const length of [0, 31, 33, 63, 65]) {
        const bytes = new Uint8Array(length).fill(1);
        assert.equal(p.verifySchnorr(bytes, MSG, xOnly), false);
        assert.equal(p.verifySchnorr(sig, bytes, xOnly), false);
        assert.equal(p.verifySchnorr(sig, MSG, bytes), false);
        assert.equal(p.isXOnlyPublicKey(bytes), false);
        assert.equal(p.signSchnorr(MSG, bytes, AUX), undefined);
        assert.equal(p.signSchnorr(MSG, KEY, bytes), undefined);
        assert.equal(p.tweakAddXOnly(bytes, MSG), undefined);
        assert.equal(p.tweakAddXOnly(xOnly, bytes), undefined);
      }
      for (const bad of [ORDER, FIELD, 2n ** 256n - 1n]) {
        assert.equal(p.verifySchnorr(concatBytes(be32(bad), sig.subarray(32)), MSG, xOnly), false);
        assert.equal(p.verifySchnorr(concatBytes(sig.subarray(0, 32), be32(bad)), MSG, xOnly), false);
        assert.equal(p.signSchnorr(MSG, be32(bad), AUX), undefined);
      }
      assert.equal(p.signSchnorr(MSG, be32(0n), AUX), undefined);
      for (const x of [5n, FIELD, FIELD + 1n, 2n ** 256n - 1n]) {
        assert.equal(p.isXOnlyPublicKey(be32(x)), false);
        assert.equal(p.verifySchnorr(sig, MSG, be32(x)), false);
        assert.equal(p.tweakAddXOnly(be32(x), MSG), undefined);
      }
    });

    it('signs and verifies messages of any length, each as itself', () => {
      const xOnly = (nobleSecpProvider.publicKeyOf(KEY, true) as Uint8Array).slice(1);
      for (const length of [0, 1, 31, 33, 64, 1000]) {
        const message = new Uint8Array(length).fill(1);
        const sig = p.signSchnorr(message, KEY, AUX) as Uint8Array;
        assert.equal(toHex(sig), toHex(nobleSecpProvider.signSchnorr(message, KEY, AUX) as Uint8Array));
        assert.equal(p.verifySchnorr(sig, message, xOnly), true, `${length} bytes`);
        assert.equal(p.verifySchnorr(sig, concatBytes(message, Uint8Array.of(1)), xOnly), false);
      }
    });

    it('agrees with the JavaScript provider on mutated signatures, messages and keys, also at the edges of the numbers', () => {
      const xOnly = (nobleSecpProvider.publicKeyOf(KEY, true) as Uint8Array).slice(1);
      const sig = nobleSecpProvider.signSchnorr(MSG, KEY, AUX) as Uint8Array;
      const edge = fc.constantFrom(0n, 1n, 2n, ORDER - 1n, ORDER, ORDER + 1n, ORDER + 2n, FIELD - 1n, FIELD).map(be32);
      const changed = (bytes: Uint8Array) =>
        fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, value]) => {
          const out = bytes.slice();
          out[at] = value;
          return out;
        });
      const number = (bytes: Uint8Array) =>
        fc.oneof(
          { weight: 3, arbitrary: fc.constant(bytes) },
          { weight: 1, arbitrary: edge },
          { weight: 1, arbitrary: changed(bytes) },
        );
      let good = 0;
      fc.assert(
        fc.property(
          number(sig.subarray(0, 32)),
          number(sig.subarray(32)),
          number(MSG),
          number(xOnly),
          (r, s, message, key) => {
            const bytes = concatBytes(r, s);
            const expected = nobleSecpProvider.verifySchnorr(bytes, message, key);
            assert.equal(
              p.verifySchnorr(bytes, message, key),
              expected,
              `${toHex(bytes)} ${toHex(message)} ${toHex(key)}`,
            );
            assert.equal(p.isXOnlyPublicKey(key), nobleSecpProvider.isXOnlyPublicKey(key), toHex(key));
            assert.deepEqual(p.tweakAddXOnly(key, s), nobleSecpProvider.tweakAddXOnly(key, s));
            if (expected) good++;
          },
        ),
        { numRuns: 150 },
      );
      assert.ok(good > 5, `${good} good`);
    });

    it('takes an s of zero and a key above the group order for numbers like any other', () => {
      const xOnly = (nobleSecpProvider.publicKeyOf(KEY, true) as Uint8Array).slice(1);
      assert.equal(p.verifySchnorr(new Uint8Array(64), MSG, xOnly), false);
      assert.equal(p.verifySchnorr(concatBytes(xOnly, new Uint8Array(32)), MSG, xOnly), false);
      let x = ORDER;
      while (!nobleSecpProvider.isXOnlyPublicKey(be32(x))) x++;
      assert.ok(x < FIELD);
      assert.equal(p.isXOnlyPublicKey(be32(x)), true);
      assert.equal(p.verifySchnorr(concatBytes(be32(1n), be32(1n)), MSG, be32(x)), false);
      assert.deepEqual(p.tweakAddXOnly(be32(x), MSG), nobleSecpProvider.tweakAddXOnly(be32(x), MSG));
    });

    it('tweaks x-only keys as private keys with even y are tweaked', () => {
      fc.assert(
        fc.property(fc.bigInt(1n, ORDER - 1n), fc.bigInt(0n, ORDER - 1n), (d, t) => {
          const pub = nobleSecpProvider.publicKeyOf(be32(d), true) as Uint8Array;
          const even = pub[0] === 2 ? d : ORDER - d;
          const sum = (even + t) % ORDER;
          const got = p.tweakAddXOnly(pub.subarray(1), be32(t));
          if (sum === 0n) return assert.equal(got, undefined);
          const expected = nobleSecpProvider.publicKeyOf(be32(sum), true) as Uint8Array;
          assert.equal(toHex(got?.xOnly as Uint8Array), toHex(expected.subarray(1)));
          assert.equal(got?.parity, (expected[0] as number) - 2);
        }),
        { numRuns: 10 },
      );
      const one = nobleSecpProvider.publicKeyOf(be32(1n), true) as Uint8Array;
      assert.equal(p.tweakAddXOnly(one.subarray(1), be32(ORDER - 1n)), undefined, 'point at infinity');
      assert.equal(p.tweakAddXOnly(one.subarray(1), be32(ORDER)), undefined);
      assert.equal(toHex(p.tweakAddXOnly(one.subarray(1), be32(0n))?.xOnly as Uint8Array), toHex(one.subarray(1)));
    });
  });
}

describe('All ECDSA providers', () => {
  it('agree on mutated signatures and keys', () => {
    const providers = [nobleSecpProvider, wasmSecpProvider, nodeSecpProvider().provider];
    const sig = encodeDer(nobleSecpProvider.signCompact(MSG, KEY) as Uint8Array);
    const keys = [true, false].map((c) => nobleSecpProvider.publicKeyOf(KEY, c) as Uint8Array);
    const mutate = (bytes: Uint8Array, edits: readonly (readonly [number, number])[]): Uint8Array => {
      const out = bytes.slice();
      for (const [at, value] of edits) out[at % out.length] = value;
      return out;
    };
    const edits = fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 2 });
    let accepted = 0;
    fc.assert(
      fc.property(edits, edits, fc.nat(1), (sigEdits, keyEdits, which) => {
        const key = mutate(keys[which] as Uint8Array, keyEdits);
        const der = mutate(sig, sigEdits);
        const verdicts = providers.map((p) => p.verifyEcdsa(der, MSG, key));
        assert.equal(new Set(verdicts).size, 1, `${toHex(der)} ${toHex(key)}: ${verdicts}`);
        assert.equal(new Set(providers.map((p) => p.isPublicKey(key))).size, 1, toHex(key));
        if (verdicts[0]) accepted++;
      }),
      { numRuns: 300 },
    );
    assert.ok(accepted > 0);
  });
});

describe('The provider chosen for Node', () => {
  it('is native for ECDSA on this machine, or says why it is not', () => {
    const { provider, slowBecause } = nodeSecpProvider();
    if (slowBecause === undefined) assert.equal(provider.name, 'native+wasm');
    else {
      assert.equal(provider.name, 'wasm');
      assert.match(slowBecause, /no native secp256k1 build: .+/);
    }
  });
});
