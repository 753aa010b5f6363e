import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sha256 } from '../../src/crypto/hash.ts';
import type { CoinChange } from '../../src/ledger/coin.ts';
import {
  decodeSnapshotHead,
  encodeSnapshotHead,
  SNAPSHOT_HEAD_BYTES,
  SnapshotWriter,
} from '../../src/ledger/coinSnapshot.ts';
import { SnapshotReader } from '../../src/ledger/coinSnapshotReader.ts';
import { compareOutPoints } from '../../src/primitives/outpoint.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { coreRegtestBlocks, coreRegtestCoins } from '../support/coreRegtest.ts';

function bodyOf(coins: readonly CoinChange[]): Uint8Array {
  const writer = new SnapshotWriter();
  for (const coin of coins) writer.add(coin);
  return writer.take(true);
}

/** Reads `body` in chunks of `step` bytes. */
function read(body: Uint8Array, coins: number, step = 1 << 20, baseHeight = 1_000_000): CoinChange[] {
  const reader = new SnapshotReader(BigInt(coins), baseHeight);
  const out: CoinChange[] = [];
  for (let at = 0; at < body.length; at += step) out.push(...reader.push(body.subarray(at, at + step)));
  return [...out, ...reader.end()];
}

function coin(txid: number, index: number, script = '51', value = 1n, height = 1, coinbase = false): CoinChange {
  const outpoint = { txid: new Uint8Array(32).fill(txid), index };
  return { outpoint, coin: { height, coinbase, out: { value, scriptPubKey: fromHex(script) } } };
}

const anyCoin = fc
  .record({
    txid: fc.nat(3),
    index: fc.oneof(fc.nat(5), fc.nat(70_000)),
    height: fc.nat(1_000_000),
    coinbase: fc.boolean(),
    value: fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }),
    script: fc.uint8Array({ maxLength: 70 }),
  })
  .map(({ txid, index, height, coinbase, value, script }) =>
    coin(txid, index, toHex(Uint8Array.from(script)), value, height, coinbase),
  );
const anyCoins = fc
  .uniqueArray(anyCoin, { maxLength: 30, comparator: (a, b) => compareOutPoints(a.outpoint, b.outpoint) === 0 })
  .map((coins) => coins.sort((a, b) => compareOutPoints(a.outpoint, b.outpoint)));

describe('snapshot of all coins', () => {
  const blocks = coreRegtestBlocks(100, true);
  const baseHash = (blocks.at(-1) as (typeof blocks)[number]).header.hash;

  it('is the file that Bitcoin Core writes, byte for byte', () => {
    const head = encodeSnapshotHead(regtest.magic, { baseHash, coins: 100n });
    const file = concatBytes(head, bodyOf(coreRegtestCoins(blocks)));
    assert.equal(toHex(sha256(file)), 'd9506d541437f5e2892d6b6ea173f55233de11601650c157a27d8f2b9d08cb6f');
  });

  it('has a head of 51 bytes that names version, network, block and number of coins', () => {
    const bytes = encodeSnapshotHead(regtest.magic, { baseHash, coins: 258n });
    assert.equal(toHex(bytes), `7574786fff0200fabfb5da${toHex(baseHash)}0201000000000000`);
    assert.equal(bytes.length, SNAPSHOT_HEAD_BYTES);
    assert.deepEqual(decodeSnapshotHead(regtest.magic, bytes), { baseHash, coins: 258n });
    const bent = (at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    assert.throws(() => decodeSnapshotHead(regtest.magic, bent(4)), /does not begin/);
    assert.throws(() => decodeSnapshotHead(regtest.magic, bent(5)), /version 3 is not supported/);
    assert.throws(() => decodeSnapshotHead(regtest.magic, bent(7)), /another network/);
    for (let length = 0; length < 51; length++)
      assert.throws(() => decodeSnapshotHead(regtest.magic, bytes.subarray(0, length)), DecodeError);
  });

  it('puts the coins of a transaction together, in the order of Bitcoin Core keys', () => {
    const coins = [0, 127, 128, 255, 256, 16_511, 16_512, 16_640].map((index) => coin(1, index));
    const order = ['00', '7f', '80', 'fdff00', 'fd8040', 'fd0041', 'fd0001', 'fd7f40'];
    const body = order.map((index) => `${index}02010751`).join('');
    assert.equal(toHex(bodyOf(coins)), `${'01'.repeat(32)}08${body}`);
    assert.deepEqual(read(bodyOf(coins), coins.length), coins);
  });

  it('of no coins is a head alone', () => {
    assert.deepEqual(bodyOf([]), new Uint8Array(0));
    assert.deepEqual(read(new Uint8Array(0), 0), []);
  });

  it('comes back, whatever the chunks it is read in', () => {
    fc.assert(
      fc.property(anyCoins, fc.integer({ min: 1, max: 400 }), (coins, step) => {
        assert.deepEqual(read(bodyOf(coins), coins.length, step), coins);
      }),
    );
  });

  it('comes back when scripts are as long as they may be', () => {
    const coins = Array.from({ length: 5 }, (_, i) => coin(i, 0, '52'.repeat(10_000)));
    assert.deepEqual(read(bodyOf(coins), 5, 3000), coins);
  });

  it('is refused when it lies', () => {
    const two = bodyOf([coin(1, 0), coin(2, 0)]);
    const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
      ['fewer coins than announced', () => read(two, 3), /after 2 coins: the file ends, 1 coins are missing/],
      ['more coins than announced', () => read(two, 1), /after 1 coins: bytes are left over/],
      ['cut', () => read(two.subarray(0, two.length - 1), 2), /after 1 coins/],
      ['one byte more', () => read(concatBytes(two, Uint8Array.of(0)), 2), /left over/],
      ['a height above the base', () => read(bodyOf([coin(1, 0, '51', 1n, 8)]), 1, 100, 7), /height 8 is above/],
      [
        'too much money',
        () => read(bodyOf([coin(1, 0, '51', 2_100_000_000_000_001n)]), 1),
        /amount 2100000000000001 is out/,
      ],
      ['a script too long to run', () => read(bodyOf([coin(1, 0, '51'.repeat(10_001))]), 1), /10001 bytes are above/],
      [
        'a transaction twice',
        () => read(concatBytes(bodyOf([coin(1, 0)]), bodyOf([coin(1, 1)])), 2),
        /not in ascending order/,
      ],
      ['transactions out of order', () => read(bodyOf([coin(2, 0), coin(1, 0)]), 2), /not in ascending order/],
      ['an output twice', () => read(bodyOf([coin(1, 4), coin(1, 4)]), 2), /output 4 of a transaction comes twice/],
      ['a transaction of no coins', () => read(fromHex(`${'01'.repeat(32)}00`), 1), /0 coins of a transaction/],
      ['a transaction of more coins than there are', () => read(fromHex(`${'01'.repeat(32)}02`), 1), /2 coins of a/],
      ['a transaction no block could hold', () => read(fromHex(`${'01'.repeat(32)}feffffff00`), 1 << 30), /is above/],
      [
        'an index beyond 32 bits',
        () => read(fromHex(`${'01'.repeat(32)}01ffffffffff01000000`), 1),
        DecodeError as never,
      ],
    ];
    for (const [name, run, message] of cases)
      assert.throws(run, (error) => {
        assert.ok(error instanceof DecodeError, `${name}: ${error}`);
        if (message instanceof RegExp) assert.match(error.message, message, name);
        return true;
      });
  });

  it('made of random bytes is refused, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(20), fc.integer({ min: 1, max: 100 }), (bytes, n, step) => {
        try {
          read(Uint8Array.from(bytes), n, step);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
