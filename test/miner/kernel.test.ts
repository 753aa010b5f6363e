import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { boundedSearch } from '../../src/miner/boundedSearch.ts';
import { EASY_HASHES, easySearch, expectedHashes, solveEasy, targetBytes } from '../../src/miner/inlineSearch.ts';
import { HeaderHasher, jsKernel, littleEndianWords, type MakeKernel, midstateOf } from '../../src/miner/powKernel.ts';
import { StopSource } from '../../src/miner/stopSource.ts';
import { assembleScanModule, wasmKernel, wasmKernelWorks } from '../../src/miner/wasmKernel.ts';
import { decodeCompact, hashToNumber } from '../../src/primitives/compact.ts';
import { fromHex } from '../../src/util/hex.ts';

/** Independent of the kernels: OpenSSL over the 80 bytes. */
function sha256d(header80: Uint8Array, nonce: number): Uint8Array {
  const bytes = new Uint8Array(header80);
  new DataView(bytes.buffer).setUint32(76, nonce, true);
  const once = createHash('sha256').update(bytes).digest();
  return new Uint8Array(createHash('sha256').update(once).digest());
}
const randomHeader = (): Uint8Array => new Uint8Array(randomBytes(80));
const KERNELS: readonly [string, MakeKernel][] = [
  ['js', jsKernel],
  ['wasm', wasmKernel],
];
/** Bitcoin's genesis header: nonce 2083236893 is the proof. */
const GENESIS = fromHex(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
);

describe('miner: kernels', () => {
  it('the hasher agrees with OpenSSL on random headers and nonces', () => {
    for (let i = 0; i < 300; i++) {
      const header = randomHeader();
      const nonce = i === 0 ? 0 : i === 1 ? 0xffffffff : Math.floor(Math.random() * 2 ** 32);
      const digest = new HeaderHasher(midstateOf(header)).hash(nonce);
      const bytes = new Uint8Array(32);
      for (const [k, word] of digest.entries()) new DataView(bytes.buffer).setInt32(4 * k, word);
      assert.deepEqual(bytes, sha256d(header, nonce));
    }
  });

  it('a digest that equals the target meets it, one more does not', () => {
    for (let i = 0; i < 50; i++) {
      const header = randomHeader();
      const hasher = new HeaderHasher(midstateOf(header));
      const value = hashToNumber(sha256d(header, i));
      assert.ok(hasher.meets(i, littleEndianWords(targetBytes(value))));
      assert.ok(!hasher.meets(i, littleEndianWords(targetBytes(value - 1n))));
    }
  });

  it('WebAssembly SIMD works on this Node, and its module is small', () => {
    assert.ok(wasmKernelWorks());
    assert.ok(assembleScanModule().length < 40_000);
  });

  for (const [name, make] of KERNELS) {
    it(`${name}: finds exactly the first nonce that a search with OpenSSL finds`, () => {
      for (let round = 0; round < 12; round++) {
        const header = randomHeader();
        const target = 2n ** 248n + BigInt(round);
        const start = round === 0 ? 2 ** 32 - 700 : Math.floor(Math.random() * 2 ** 31) + (round % 4);
        const count = 700;
        let expected: number | undefined;
        for (let n = start; n < start + count && expected === undefined; n++)
          if (hashToNumber(sha256d(header, n)) <= target) expected = n;
        const kernel = make(header, targetBytes(target));
        assert.equal(kernel.find(start, count), expected);
        if (expected === undefined) continue;
        // The bounds: up to just before it, and starting at it with one try.
        assert.equal(kernel.find(start, expected - start), undefined);
        assert.equal(kernel.find(expected, 1), expected);
      }
    });

    it(`${name}: looks at all 256 bits of the target`, () => {
      const header = randomHeader();
      const value = hashToNumber(sha256d(header, 77));
      assert.equal(make(header, targetBytes(value)).find(77, 1), 77);
      assert.equal(make(header, targetBytes(value - 1n)).find(77, 1), undefined);
    });

    it(`${name}: finds the nonce of Bitcoin's genesis block, above 2^30`, () => {
      const { target } = decodeCompact(0x1d00ffff);
      const kernel = make(GENESIS, targetBytes(target));
      assert.equal(kernel.find(2_083_236_893 - 1001, 2000), 2_083_236_893);
    });

    it(`${name}: nothing meets target zero; the highest nonce is tried`, () => {
      const kernel = make(randomHeader(), new Uint8Array(32));
      assert.equal(kernel.find(0, 1000), undefined);
      const any = make(randomHeader(), new Uint8Array(32).fill(255));
      assert.equal(any.find(0xffffffff, 1), 0xffffffff);
      assert.equal(any.find(5, 0), undefined);
    });
  }
});

describe('miner: searches on the caller’s thread', () => {
  const regtest = decodeCompact(0x207fffff).target;

  it('easy targets are solved at once; the time is the header’s', async () => {
    const header = randomHeader();
    const found = await easySearch.search(header, regtest, new StopSource());
    assert.ok(found !== undefined);
    assert.ok(hashToNumber(sha256d(header, found.nonce)) <= regtest);
    assert.equal(found.time, new DataView(header.buffer).getUint32(68, true));
  });

  it('hard targets are not begun', () => {
    const hard = 2n ** 243n - 1n;
    assert.ok(expectedHashes(hard) > EASY_HASHES);
    assert.deepEqual(solveEasy(randomHeader(), hard), { nonce: undefined, hashes: 0 });
  });

  it('stopped means nothing', async () => {
    const stop = new StopSource();
    stop.abort();
    assert.equal(await easySearch.search(randomHeader(), regtest, stop), undefined);
  });

  it('a budget is kept to the hash, over several searches, and others get their turn', async () => {
    const budget = { left: 40_000 };
    let pauses = 0;
    const search = boundedSearch(budget, async () => {
      pauses++;
    });
    assert.equal(await search.search(randomHeader(), 1n, new StopSource()), undefined);
    assert.equal(budget.left, 0);
    assert.ok(pauses >= 2);
    assert.equal(await search.search(randomHeader(), regtest, new StopSource()), undefined, 'nothing is left');
  });

  it('a bounded search finds beyond its first slice', async () => {
    const header = randomHeader();
    const target = 2n ** 240n;
    const budget = { left: 2 ** 22 };
    const found = await boundedSearch(budget, async () => {}).search(header, target, new StopSource());
    assert.ok(found !== undefined);
    assert.ok(hashToNumber(sha256d(header, found.nonce)) <= target);
    assert.equal(budget.left, 2 ** 22 - found.nonce - 1);
  });

  it('stopping ends a bounded search', async () => {
    const stop = new StopSource();
    const budget = { left: 2 ** 30 };
    const search = boundedSearch(budget, async () => stop.abort());
    assert.equal(await search.search(randomHeader(), 1n, stop), undefined);
    assert.ok(budget.left > 2 ** 29);
  });
});
