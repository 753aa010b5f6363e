import assert from 'node:assert/strict';
import { sha256 } from '../../src/crypto/hash.ts';
import type { CoinChange } from '../../src/ledger/coin.ts';
import {
  type CoinSetHash,
  CoinSetStats,
  type CoinSetSummary,
  writeCoinElement,
} from '../../src/ledger/coinSetStats.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import { Writer } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { coreRegtestBlocks, coreRegtestCoins } from '../support/coreRegtest.ts';

function summary(hash: CoinSetHash, coins: readonly CoinChange[]): CoinSetSummary {
  const stats = new CoinSetStats(hash);
  for (const coin of coins) stats.add(coin);
  return stats.finish();
}

const hashOf = (hash: CoinSetHash, coins: readonly CoinChange[]): string =>
  displayHash(summary(hash, coins).hash as Uint8Array);

function coin(index: number, script = '51', value = 7n, height = 3, coinbase = false): CoinChange {
  const outpoint = { txid: new Uint8Array(32).fill(index >> 8), index: index & 255 };
  return { outpoint, coin: { out: { value, scriptPubKey: fromHex(script) }, height, coinbase } };
}

describe('statistics and hashes of the coin set', () => {
  for (const [lockedToHeight, base, hash] of [
    [
      false,
      '09abf0e7b510f61ca6cf33bab104e9ee99b3528b371d27a2d4b39abb800fba7e',
      'a0b7baa3bf5ccbd3279728f230d7ca0c44a76e9923fca8f32dbfd08d65ea496a',
    ],
    [
      true,
      '6885775faa46290bedfa071f22d0598c93f1d7e01f24607c4dedd69b9baa4a8f',
      'd4453995f4f20db7bb3a604afd10d7128e8ee11159cde56d5b2fd7f55be7c74c',
    ],
  ] as const)
    it(`hash_serialized_3 is Bitcoin Core's after 100 blocks of its test node (coinbase locked: ${lockedToHeight})`, () => {
      const blocks = coreRegtestBlocks(100, lockedToHeight);
      assert.equal(blocks.at(-1)?.header.id, base, 'the chain is the one that Bitcoin Core makes');
      assert.equal(hashOf('hash_serialized_3', coreRegtestCoins(blocks)), hash);
    });

  it('an element is outpoint, height and coinbase bit, output', () => {
    const w = new Writer();
    writeCoinElement(w, coin(0x0102, 'abcd', 258n, 5, true));
    assert.equal(toHex(w.finish()), `${'01'.repeat(32)}020000000b000000020100000000000002abcd`);
  });

  it('counts coins, transactions, satoshi and bogosize whatever the hash', () => {
    const coins = [coin(0x0100), coin(0x0101, ''), coin(0x0200, '51'.repeat(30), 21_000_000n * 100_000_000n)];
    for (const hash of ['hash_serialized_3', 'muhash', 'none'] as const) {
      const { hash: value, ...counts } = summary(hash, coins);
      const totalAmount = 14n + 21_000_000n * 100_000_000n;
      assert.deepEqual(counts, { coins: 3, transactions: 2, bogoSize: 3 * 50 + 1 + 0 + 30, totalAmount });
      assert.equal(value === undefined, hash === 'none');
    }
  });

  it('of no coins are all zero, and the hashes those of nothing', () => {
    const { hash, ...counts } = summary('hash_serialized_3', []);
    assert.deepEqual(counts, { coins: 0, transactions: 0, bogoSize: 0, totalAmount: 0n });
    assert.deepEqual(hash, sha256(sha256(new Uint8Array(0))));
    const one = new Uint8Array(384);
    one[0] = 1;
    assert.deepEqual(summary('muhash', []).hash, sha256(one));
  });

  it('muhash forgets the order of coins, hash_serialized_3 does not', () => {
    const coins = [coin(1), coin(2), coin(3)];
    const other = [coin(3), coin(1), coin(2)];
    assert.equal(hashOf('muhash', coins), hashOf('muhash', other));
    assert.notEqual(hashOf('hash_serialized_3', coins), hashOf('hash_serialized_3', other));
  });

  it('every part of a coin changes both hashes', () => {
    const changed = [
      coin(2),
      coin(0x0101),
      coin(1, '52'),
      coin(1, '51', 8n),
      coin(1, '51', 7n, 4),
      coin(1, '51', 7n, 3, true),
    ];
    for (const hash of ['hash_serialized_3', 'muhash'] as const) {
      const seen = new Set([coin(1), ...changed].map((one) => hashOf(hash, [one])));
      assert.equal(seen.size, changed.length + 1);
    }
  });

  it('hash_serialized_3 of more coins than are hashed at once is that of all bytes together', () => {
    const coins = Array.from({ length: 3000 }, (_, i) => coin(i, '51'.repeat(i % 90)));
    // One script alone is longer than what is gathered.
    coins.push(coin(0xff00, '51'.repeat(100_000)));
    const w = new Writer();
    for (const one of coins) writeCoinElement(w, one);
    assert.deepEqual(summary('hash_serialized_3', coins).hash, sha256(sha256(w.finish())));
  });
});
