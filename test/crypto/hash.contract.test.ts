import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  type HashProvider,
  hmacSha256,
  jsHashProvider,
  ripemd160,
  sha1,
  taggedHash,
  taggedHasher,
} from '../../src/crypto/hash.ts';
import { nodeHashProvider } from '../../src/crypto/hashNative.node.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';

/** [message, digest] pairs of a NIST .rsp file. */
function nist(text: string): [string, string][] {
  const cases: [string, string][] = [];
  for (const m of text.matchAll(/Len = (\d+)\r?\nMsg = ([0-9a-f]+)\r?\nMD = ([0-9a-f]+)/g))
    cases.push([m[1] === '0' ? '' : (m[2] as string), m[3] as string]);
  return cases;
}

for (const provider of [jsHashProvider, nodeHashProvider] satisfies HashProvider[]) {
  describe(`Hash provider: ${provider.name}`, () => {
    it('passes the NIST SHA-256 vectors', function () {
      const cases = nist(vectorText(this, 'crypto/nist-SHA256ShortMsg.rsp'));
      assert.ok(cases.length >= 65, `${cases.length} cases`);
      for (const [msg, digest] of cases) assert.equal(toHex(provider.sha256(fromHex(msg))), digest);
    });

    it('hashes twice, and with RIPEMD-160 on top', () => {
      const data = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
      assert.equal(toHex(provider.hash160(data)), '751e76e8199196d454941c45d1b3a323f1433bd6');
      assert.deepEqual([...provider.hash256(data)], [...provider.sha256(provider.sha256(data))]);
    });

    it('returns plain 32-byte arrays that hold on to no larger buffer', () => {
      const digest = provider.sha256(fromHex('00'));
      assert.equal(Object.getPrototypeOf(digest), Uint8Array.prototype);
      assert.equal(digest.buffer.byteLength, 32);
    });

    it('hashes parts as it hashes the whole', () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }), (parts) => {
          const stream = provider.sha256Stream();
          for (const part of parts) stream.update(part);
          assert.deepEqual(stream.digest(), provider.sha256(concatBytes(...parts)));
        }),
      );
    });

    it('equals the other provider on any bytes, also views into larger buffers', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(10), (bytes, skip) => {
          const data = bytes.subarray(Math.min(skip, bytes.length));
          assert.deepEqual([...provider.hash256(data)], [...jsHashProvider.hash256(data)]);
          assert.deepEqual([...provider.hash160(data)], [...nodeHashProvider.hash160(data)]);
        }),
      );
    });
  });
}

describe('Other hashes', () => {
  it('RIPEMD-160 gives the published digest of "abc"', () => {
    assert.equal(toHex(ripemd160(fromHex('616263'))), '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc');
  });

  it('SHA-1 passes the NIST vectors', function () {
    const cases = nist(vectorText(this, 'crypto/nist-SHA1ShortMsg.rsp'));
    assert.ok(cases.length >= 65, `${cases.length} cases`);
    for (const [msg, digest] of cases) assert.equal(toHex(sha1(fromHex(msg))), digest);
  });

  it('a tagged hasher hashes its parts one after another, call for call', () => {
    const hasher = taggedHasher('TapBranch');
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(hasher(fromHex('01'), fromHex('0203')), taggedHash('TapBranch', fromHex('010203')));
      assert.deepEqual(hasher(), taggedHash('TapBranch', fromHex('')));
    }
  });

  it('tagged hashes prefix the tag hash twice (BIP340)', () => {
    const tag = createHash('sha256').update('TapTweak').digest();
    const expected = createHash('sha256').update(tag).update(tag).update('x').digest('hex');
    assert.equal(toHex(taggedHash('TapTweak', fromHex('78'))), expected);
  });

  it('HMAC-SHA256 gives the verdict of the Wycheproof vectors', function () {
    interface File {
      readonly numberOfTests: number;
      readonly testGroups: readonly {
        readonly tagSize: number;
        readonly tests: readonly { key: string; msg: string; tag: string; result: string; tcId: number }[];
      }[];
    }
    const file = vectorJson<File>(this, 'crypto/wycheproof-hmac_sha256_test.json');
    let seen = 0;
    for (const group of file.testGroups)
      for (const t of group.tests) {
        seen++;
        const tag = toHex(hmacSha256(fromHex(t.key), fromHex(t.msg)).subarray(0, group.tagSize / 8));
        assert.equal(tag === t.tag, t.result === 'valid', `test ${t.tcId}`);
      }
    assert.equal(seen, file.numberOfTests);
  });
});
