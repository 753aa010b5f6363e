import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { formatCoins, isMoney, parseCoins } from '../../src/primitives/amount.ts';
import { displayHash, hashKey, isZeroHash, parseHash } from '../../src/primitives/hash.ts';
import { decodeHeader, encodeHeader } from '../../src/primitives/header.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { displayOutPoint, isNullOutPoint, outPointKey } from '../../src/primitives/outpoint.ts';
import { broken, effectOf, passed, RULES, type RuleCode } from '../../src/primitives/rules.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

const GENESIS =
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c';

describe('Amounts', () => {
  it('print with eight decimals', () => {
    const cases: [bigint, string][] = [
      [0n, '0.00000000'],
      [1n, '0.00000001'],
      [-1n, '-0.00000001'],
      [100_000_000n, '1.00000000'],
      [2_100_000_000_000_000n, '21000000.00000000'],
      [-123_456_789n, '-1.23456789'],
    ];
    for (const [n, text] of cases) assert.equal(formatCoins(n), text);
  });
  it('are read back exactly', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 18n), 10n ** 18n), (n) => parseCoins(formatCoins(n)) === n));
    assert.equal(parseCoins('1'), 100_000_000n);
    assert.equal(parseCoins('0.1'), 10_000_000n);
  });
  it('of other shapes are refused', () => {
    for (const text of ['', '.5', '1.', '1.123456789', '1e3', '+1', ' 1', '1 ', '--1', '0x1', '1,0', '1234567890123'])
      assert.equal(parseCoins(text), undefined, text);
  });
  it('are money from 0 to 21 million coins', () => {
    for (const [n, money] of [
      [0n, true],
      [2_100_000_000_000_000n, true],
      [2_100_000_000_000_001n, false],
      [-1n, false],
    ] as const)
      assert.equal(isMoney(n), money);
  });
});

describe('Hashes', () => {
  it('are shown reversed', () => {
    const hash = fromHex(`01${'00'.repeat(30)}ff`);
    assert.equal(displayHash(hash), `ff${'00'.repeat(30)}01`);
    assert.deepEqual(parseHash(displayHash(hash)), hash);
    assert.equal(isZeroHash(hash), false);
    assert.equal(isZeroHash(new Uint8Array(32)), true);
  });
  it('have keys that differ in every bit, wherever the bytes lie', () => {
    const hash = fromHex('00ff7f80'.repeat(8));
    const keys = new Set([hashKey(hash)]);
    for (let bit = 0; bit < 256; bit++) {
      const other = hash.slice();
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      keys.add(hashKey(other));
    }
    assert.equal(keys.size, 257);
    const shifted = Uint8Array.of(1, ...hash, 2).subarray(1, 33);
    assert.equal(hashKey(shifted), hashKey(hash));
  });
  it('of other lengths or characters are refused', () => {
    for (const text of ['', '00', '0'.repeat(63), '0'.repeat(66), 'g'.repeat(64)])
      assert.throws(() => parseHash(text), RangeError);
  });
});

describe('Outpoints', () => {
  it('are null only with zero txid and the last index', () => {
    const zero = new Uint8Array(32);
    assert.equal(isNullOutPoint({ txid: zero, index: 0xffffffff }), true);
    assert.equal(isNullOutPoint({ txid: zero, index: 0 }), false);
    assert.equal(isNullOutPoint({ txid: zero.slice().fill(1), index: 0xffffffff }), false);
  });
  it('have one key each, and people see txid:index', () => {
    const txid = fromHex(`${'00'.repeat(31)}ab`);
    assert.equal(displayOutPoint({ txid, index: 7 }), `ab${'00'.repeat(31)}:7`);
    const indexes = [0, ...Array.from({ length: 32 }, (_, bit) => 2 ** bit), 0xffffffff];
    const keys = indexes.map((index) => outPointKey({ txid, index }));
    assert.equal(new Set(keys).size, indexes.length);
    const other = fromHex(`${'00'.repeat(31)}aa`);
    assert.ok(!keys.includes(outPointKey({ txid: other, index: 0 })));
  });
});

describe('Headers', () => {
  it("have the hash of Bitcoin's genesis block", () => {
    const header = decodeHeader(fromHex(GENESIS));
    assert.equal(header.id, '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f');
    assert.equal(header.time, 1231006505);
    assert.equal(header.bits, 0x1d00ffff);
    assert.equal(toHex(encodeHeader(header)), GENESIS);
  });
  it('keep negative versions and full-range numbers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 80, maxLength: 80 }), (bytes) => {
        assert.deepEqual(encodeHeader(decodeHeader(bytes)), bytes);
      }),
    );
    assert.equal(decodeHeader(new Uint8Array(80).fill(0xff)).version, -1);
  });
  it('have 80 bytes, no more and no fewer', () => {
    assert.throws(() => decodeHeader(new Uint8Array(79)), DecodeError);
    assert.throws(() => decodeHeader(new Uint8Array(81)), DecodeError);
  });
  it('do not hold on to the buffer they were read from', () => {
    const header = decodeHeader(fromHex(GENESIS));
    assert.equal(header.prevHash.buffer.byteLength, 32);
    assert.equal(header.merkleRoot.buffer.byteLength, 32);
  });
});

describe('Merkle roots', () => {
  const leaf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
  it('of one leaf is the leaf, of none zero', () => {
    assert.deepEqual(merkleRoot([leaf(5)]), { root: leaf(5), mutated: false });
    assert.deepEqual(merkleRoot([]).root, new Uint8Array(32));
  });
  it('are equal but marked when the last leaves, or whole subtrees, are repeated (CVE-2012-2459)', () => {
    for (const [n, repeat] of [
      [3, 1],
      [5, 1],
      [6, 2],
      [7, 1],
      [12, 4],
    ] as const) {
      const leaves = Array.from({ length: n }, (_, i) => leaf(i));
      const honest = merkleRoot(leaves);
      assert.equal(honest.mutated, false);
      const mutated = merkleRoot([...leaves, ...leaves.slice(-repeat)]);
      assert.deepEqual(mutated.root, honest.root, `${n} + ${repeat}`);
      assert.equal(mutated.mutated, true);
    }
  });
  it('are not marked for equal leaves that are not siblings', () => {
    assert.equal(merkleRoot([leaf(1), leaf(2), leaf(2), leaf(3)]).mutated, false);
    assert.equal(merkleRoot([leaf(2), leaf(2), leaf(1), leaf(3)]).mutated, true);
  });
});

describe('The table of rules', () => {
  it('punishes nobody for what it does not reject or could come from an honest peer', () => {
    for (const code of Object.keys(RULES) as RuleCode[]) {
      const effect = effectOf(code);
      assert.ok(effect.penalty >= 0 && effect.penalty <= 100);
      if (effect.remember) assert.equal(effect.gossip, 'reject', code);
    }
    for (const code of ['time-too-new', 'prev-blk-not-found', 'missing-inputs', 'dust'] as const)
      assert.deepEqual(effectOf(code), { gossip: 'ignore', penalty: 0, remember: false });
  });
  it('never remembers the hash of a bad copy', () => {
    for (const code of [
      'bad-txnmrklroot',
      'bad-txns-duplicate',
      'bad-cb-missing',
      'bad-witness-merkle-match',
      'bad-seal',
      'malformed',
    ] as const)
      assert.equal(effectOf(code).remember, false);
  });
  it('verdicts carry a value or a rule', () => {
    assert.deepEqual(passed(3), { ok: true, value: 3 });
    assert.deepEqual(broken('dust', 'x'), { ok: false, rule: 'dust', detail: 'x' });
  });
});
