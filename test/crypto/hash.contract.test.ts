import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  type HashProvider,
  hashProvider,
  hmacSha256,
  jsHashProvider,
  ripemd160,
  setHashProvider,
  sha1,
  taggedHash,
  taggedHasher,
} from '../../src/crypto/hash.ts';
import { nodeHashProvider } from '../../src/crypto/hashNative.node.ts';
import { wasmHashProvider } from '../../src/crypto/hashWasm.ts';
import { MAX_NODES, MAX_PAIRS } from '../../src/crypto/wasm/hashKernel.ts';
import { assembleHashModule } from '../../src/crypto/wasm/hashModule.ts';
import { DATA, DATA_END, MAX_MESSAGE, TABLE_ENTRIES } from '../../src/crypto/wasm/layout.ts';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
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

/** The host's WebAssembly as an object whose parts can be replaced. */
function wasmOf({ value }: PropertyDescriptor): object {
  return { validate: value.validate, Module: value.Module, Instance: value.Instance };
}

/** Independent of every provider: OpenSSL. */
const once = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
const twice = (data: Uint8Array): string => once(once(data)).toString('hex');
const hash160 = (data: Uint8Array): string => createHash('ripemd160').update(once(data)).digest('hex');
const hexes = (digests: readonly Uint8Array[]): string[] => digests.map(toHex);

/** `length` bytes that depend on `seed`. */
function message(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 197 + seed * 31 + (i >> 8) * 7) & 0xff);
}
const messages = (lengths: readonly number[]): Uint8Array[] => lengths.map(message);

/** Bitcoin's merkle tree, written from its definition. */
function tree(leaves: readonly Uint8Array[]): { root: string; mutated: boolean } {
  let mutated = false;
  let level = leaves;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const pair = [level[i], level[i + 1] ?? level[i]] as [Uint8Array, Uint8Array];
      if (i + 1 < level.length && toHex(pair[0]) === toHex(pair[1])) mutated = true;
      next.push(fromHex(twice(concatBytes(...pair))));
    }
    level = next;
  }
  return { root: toHex(level[0] as Uint8Array), mutated };
}

const WASM = [
  wasmHashProvider(jsHashProvider),
  wasmHashProvider(jsHashProvider, { simd: false }),
  wasmHashProvider(nodeHashProvider, { limits: { sha256: 50, hash256: 100, hash160: 150, batch: 200 } }),
].filter((provider) => provider !== undefined);

describe('Hash providers', () => {
  it('WebAssembly with and without SIMD runs on this Node', () => {
    assert.deepEqual(
      WASM.map((provider) => provider.name),
      ['wasm-simd, noble', 'wasm, noble', 'wasm-simd, node:crypto'],
    );
  });
});

describe('Hash providers where WebAssembly cannot run', () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly') as PropertyDescriptor;
  const replace = (value: unknown): void => {
    Object.defineProperty(globalThis, 'WebAssembly', { ...original, value });
  };
  afterEach(() => {
    Object.defineProperty(globalThis, 'WebAssembly', original);
    setHashProvider(jsHashProvider);
  });

  it('there is none without WebAssembly, and the platform takes node:crypto', () => {
    replace(undefined);
    assert.equal(wasmHashProvider(jsHashProvider), undefined);
    usePlatformCrypto();
    assert.equal(hashProvider().name, 'node:crypto');
  });

  it('without SIMD the platform takes the scalar module', () => {
    const scalar = assembleHashModule(false).length;
    replace({ ...wasmOf(original), validate: (bytes: Uint8Array) => bytes.length === scalar });
    usePlatformCrypto();
    assert.equal(hashProvider().name, 'wasm, node:crypto');
  });

  it('there is none where the host refuses to instantiate', () => {
    const refuse = (): never => {
      throw new RangeError('no address space');
    };
    replace({ ...wasmOf(original), Instance: refuse });
    assert.equal(wasmHashProvider(jsHashProvider), undefined);
  });
});

for (const provider of [jsHashProvider, nodeHashProvider, ...WASM] satisfies HashProvider[]) {
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

    it('hashes messages of all lengths around the block boundaries, and long ones', () => {
      const lengths = Array.from({ length: 301 }, (_, i) => i);
      for (const n of [...lengths, 503, 504, 511, 512, MAX_MESSAGE - 1, MAX_MESSAGE, MAX_MESSAGE + 1, 1_000_000]) {
        const data = message(n, n);
        assert.equal(toHex(provider.sha256(data)), once(data).toString('hex'), `sha256 of ${n} bytes`);
        assert.equal(toHex(provider.hash256(data)), twice(data), `hash256 of ${n} bytes`);
        assert.equal(toHex(provider.hash160(data)), hash160(data), `hash160 of ${n} bytes`);
      }
    });

    it('a short message after a long one sees nothing of it', () => {
      provider.hash256(new Uint8Array(300).fill(0xff));
      for (const n of [0, 1, 55, 56, 63, 64, 65, 119, 120])
        assert.equal(toHex(provider.hash256(message(n))), twice(message(n)));
    });

    it('hashes pairs of every number', () => {
      for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100]) {
        const nodes = message(64 * n, n);
        const expected = Array.from({ length: n }, (_, i) => twice(nodes.subarray(64 * i, 64 * i + 64)));
        assert.equal(toHex(provider.hash256Pairs(nodes)), expected.join(''), `${n} pairs`);
      }
    });

    it('hashes batches of every size with equal lengths', () => {
      for (let n = 0; n <= 9; n++) {
        for (const length of [0, 55, 56, 64, 119, 120, 250]) {
          const batch = Array.from({ length: n }, (_, i) => message(length, i));
          assert.deepEqual(hexes(provider.hash256Each(batch)), batch.map(twice), `${n} messages of ${length} bytes`);
        }
      }
    });

    it('hashes batches of mixed lengths in their order, very long messages among them', () => {
      const lengths = [0, 55, 56, 63, 64, 119, 120, 20_000, 300, 1, MAX_MESSAGE, MAX_MESSAGE + 1, 64, 200, 201, 65];
      for (let n = 0; n <= lengths.length; n++) {
        const batch = messages(lengths.slice(lengths.length - n));
        assert.deepEqual(hexes(provider.hash256Each(batch)), batch.map(twice));
      }
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (batch) => {
          assert.deepEqual(hexes(provider.hash256Each(batch)), batch.map(twice));
        }),
      );
    });

    it('the merkle root and its mutated flag follow the definition', () => {
      const distinct: Uint8Array[] = Array.from({ length: 40 }, (_, i) => once(message(4, i)));
      const trees = distinct.map((_, i) => distinct.slice(0, i + 1));
      for (const n of [2, 4, 6, 12, 40]) {
        // The last 1, 2, 4 leaves twice: equal neighbours at some level, or none.
        for (const again of [1, 2, 4])
          trees.push([...distinct.slice(0, n), ...distinct.slice(Math.max(0, n - again), n)]);
        trees.push([...distinct.slice(0, n - 1), distinct[0] as Uint8Array]);
      }
      const flags = new Set<boolean>();
      for (const leaves of trees) {
        const { root, mutated } = provider.hash256Tree(leaves);
        assert.deepEqual({ root: toHex(root), mutated }, tree(leaves), `${leaves.length} leaves`);
        flags.add(mutated);
      }
      assert.equal(flags.size, 2);
      assert.throws(() => provider.hash256Tree([]), RangeError);
    });

    it('returns plain 32-byte arrays that hold on to no larger buffer', () => {
      const digest = provider.sha256(fromHex('00'));
      assert.equal(Object.getPrototypeOf(digest), Uint8Array.prototype);
      assert.equal(digest.buffer.byteLength, 32);
      const [first, second] = provider.hash256Each([fromHex('00'), fromHex('01')]) as [Uint8Array, Uint8Array];
      const { root } = provider.hash256Tree([first, second]);
      for (const each of [first, second, root, provider.hash256(first)]) assert.equal(each.buffer.byteLength, 32);
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

for (const provider of WASM) {
  describe(`Memory of hash provider: ${provider.name}`, () => {
    it('more messages and bytes than fit are hashed in several batches', () => {
      const small = Array.from({ length: 2 * TABLE_ENTRIES + 3 }, (_, i) => message(i % 70, i));
      assert.deepEqual(hexes(provider.hash256Each(small)), small.map(twice));
      const large = Array.from({ length: Math.ceil((DATA_END - DATA) / MAX_MESSAGE) + 5 }, (_, i) =>
        message(MAX_MESSAGE, i),
      );
      assert.deepEqual(hexes(provider.hash256Each(large)), large.map(twice));
    });

    it('more pairs and leaves than fit are hashed in several pieces', () => {
      const nodes = message(64 * (MAX_PAIRS + 5), 1);
      const expected = Array.from({ length: MAX_PAIRS + 5 }, (_, i) => twice(nodes.subarray(64 * i, 64 * i + 64)));
      assert.equal(toHex(provider.hash256Pairs(nodes)), expected.join(''));
      for (const n of [MAX_NODES, MAX_NODES + 1]) {
        const leaves = Array.from({ length: n }, (_, i) => nodes.subarray(32 * i, 32 * i + 32));
        const { root, mutated } = provider.hash256Tree(leaves);
        assert.deepEqual({ root: toHex(root), mutated }, tree(leaves));
      }
    }).timeout(20_000); // the expected trees take OpenSSL 80,000 calls
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

  it('a tagged hasher gives the same for parts of any length, short after long', () => {
    const hasher = taggedHasher('TapLeaf');
    const tag = createHash('sha256').update('TapLeaf').digest();
    for (const length of [1000, 449, 448, 447, 64, 0, 5000, 1]) {
      const part = new Uint8Array(length).fill(length);
      const expected = createHash('sha256').update(tag).update(tag).update(part).digest('hex');
      assert.equal(toHex(hasher(part)), expected);
      assert.equal(toHex(hasher(part.subarray(0, length >> 1), part.subarray(length >> 1))), expected);
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
