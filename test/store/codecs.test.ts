import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Coin, CoinChange, StoredHeader } from '../../src/chain/ports.ts';
import { decodeCoin, encodeCoin } from '../../src/store/coinCodec.ts';
import { decodeFileEnds, encodeFileEnds } from '../../src/store/fileEndsCodec.ts';
import { decodeStoredHeader, encodeStoredHeader } from '../../src/store/headerCodec.ts';
import { valueInRecord, withSum } from '../../src/store/recordSum.ts';
import {
  COIN_COUNT_KEY,
  coinKey,
  FILE_ENDS_KEY,
  FORMAT_VERSION,
  headerKey,
  outPointOfCoinKey,
  PREFIX,
  placeOfHeaderKey,
  TIP_KEY,
  txKey,
} from '../../src/store/schema.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/store/snapshotRecord.ts';
import { encodeUndo, readUndoRecord } from '../../src/store/undoCodec.ts';
import { asciiBytes, EMPTY } from '../../src/util/bytes.ts';
import { DecodeError, decodeAll } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';

const script = (hex: string, value: bigint, height: number, coinbase: boolean): Coin => ({
  out: { value, scriptPubKey: fromHex(hex) },
  height,
  coinbase,
});
const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** Every kind of script. The first two are the examples of Bitcoin Core's coins_tests. */
const COINS: readonly (readonly [Coin, string])[] = [
  [
    script('76a914816115944e077fe7c803cfa57f29b36bf87c1d3588ac', 60_000_000_000n, 203_998, false),
    '97f23c835800816115944e077fe7c803cfa57f29b36bf87c1d35',
  ],
  [
    script('76a9148c988f1a4a4de2161e0f50aac7f17e7f9555caa488ac', 110_397n, 120_891, true),
    '8ddf77bbd123008c988f1a4a4de2161e0f50aac7f17e7f9555caa4',
  ],
  [
    script('a914816115944e077fe7c803cfa57f29b36bf87c1d3587', 5_000_000_000n, 1, true),
    '033201816115944e077fe7c803cfa57f29b36bf87c1d35',
  ],
  [script(`2102${'11'.repeat(32)}ac`, 0n, 0, false), `000002${'11'.repeat(32)}`],
  [script(`2103${'22'.repeat(32)}ac`, 1n, 63, true), `7f0103${'22'.repeat(32)}`],
  [script(`0014${'33'.repeat(20)}`, 100_000_000n, 64, false), `8000091c0014${'33'.repeat(20)}`],
  [script('', 10n, 2, false), '040206'],
  [script('51', 21_000_000n * 100_000_000n, 100, true), '80498980dd400751'],
];

describe('store: record bytes', () => {
  it('the format version and all key prefixes are the ones on disk', () => {
    assert.equal(FORMAT_VERSION, 3);
    assert.deepEqual(PREFIX, {
      TIP: 0x01,
      FILE_ENDS: 0x02,
      COIN_COUNT: 0x03,
      TXINDEX_STATE: 0x04,
      SYNCED_ENDS: 0x05,
      FLUSHING: 0x06,
      REBUILD: 0x07,
      INDEX_LOW: 0x08,
      SNAPSHOT: 0x09,
      INDEX_LOCATOR: 0x0a,
      PAST_AGAIN: 0x0b,
      COPIED: 0x0c,
      HEADER: 0x10,
      COIN: 0x20,
      TX: 0x30,
    });
    assert.deepEqual([TIP_KEY, FILE_ENDS_KEY, COIN_COUNT_KEY].map(toHex), ['01', '02', '03']);
    assert.equal(toHex(headerKey(0x01020304, hash(0xaa))), `1001020304${'aa'.repeat(32)}`);
    assert.deepEqual(placeOfHeaderKey(headerKey(0xfedcba98, hash(1))), { height: 0xfedcba98, hash: hash(1) });
    assert.equal(toHex(coinKey({ txid: hash(0xbb), index: 258 })), `20${'bb'.repeat(32)}00000102`);
    assert.deepEqual(outPointOfCoinKey(coinKey({ txid: hash(7), index: 0xfffffffe })), {
      txid: hash(7),
      index: 0xfffffffe,
    });
    assert.equal(toHex(txKey(hash(0xcc))), `30${'cc'.repeat(32)}`);
  });

  it('a record is its value and a CRC-32C of key and value', () => {
    const [key, value] = [asciiBytes('1234'), asciiBytes('56789')];
    // The check value of CRC-32C for "123456789", little-endian.
    assert.equal(toHex(withSum(key, value)), `${toHex(value)}839206e3`);
    assert.deepEqual(valueInRecord(key, withSum(key, value)), value);
    assert.deepEqual(valueInRecord(key, withSum(key, EMPTY)), EMPTY);
    for (let size = 0; size < 4; size++) assert.equal(valueInRecord(key, new Uint8Array(size)), undefined);
    assert.equal(valueInRecord(asciiBytes('1235'), withSum(key, value)), undefined);
  });

  it('coin records', () => {
    for (const [coin, hex] of COINS) {
      assert.equal(toHex(encodeCoin(coin)), hex);
      assert.deepEqual(decodeCoin(encodeCoin(coin)), coin);
    }
    assert.throws(() => decodeCoin(fromHex('000004')), DecodeError);
    assert.throws(() => decodeCoin(fromHex('0000')), DecodeError);
    assert.throws(() => decodeCoin(fromHex('0000ff7f')), DecodeError);
    assert.throws(() => decodeCoin(fromHex('00000600')), DecodeError);
  });

  it('coins round-trip with any script', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.bigInt({ min: 0n, max: 21_000_000n * 100_000_000n }),
        fc.nat(),
        fc.boolean(),
        (scriptPubKey, value, height, coinbase) => {
          const coin: Coin = { out: { value, scriptPubKey: Uint8Array.from(scriptPubKey) }, height, coinbase };
          assert.deepEqual(decodeCoin(encodeCoin(coin)), coin);
        },
      ),
    );
  });

  it('decoders answer random bytes with DecodeError only', () => {
    const decoders = [
      (b: Uint8Array) => decodeCoin(b),
      (b: Uint8Array) => decodeStoredHeader(b, { height: 1, hash: hash(1) }),
      (b: Uint8Array) => decodeAll(b, readUndoRecord, 'undo'),
      (b: Uint8Array) => decodeFileEnds(b),
      (b: Uint8Array) => decodeSnapshot(b),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const decode of decoders) {
          try {
            decode(Uint8Array.from(bytes));
          } catch (error) {
            assert.ok(error instanceof DecodeError, String(error));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('undo records', () => {
    const spent: CoinChange[] = [
      { outpoint: { txid: hash(1), index: 0 }, coin: (COINS[4] as (typeof COINS)[number])[0] },
      { outpoint: { txid: hash(2), index: 300 }, coin: (COINS[1] as (typeof COINS)[number])[0] },
    ];
    const bytes = encodeUndo(spent);
    assert.equal(
      toHex(bytes),
      `02${'01'.repeat(32)}00${toHex(encodeCoin(COINS[4]?.[0] as Coin))}${'02'.repeat(32)}812c${toHex(encodeCoin(COINS[1]?.[0] as Coin))}`,
    );
    assert.deepEqual(decodeAll(bytes, readUndoRecord, 'undo'), spent);
    assert.equal(toHex(encodeUndo([])), '00');
  });

  it('header records, bare and full', () => {
    const bare: StoredHeader = {
      hash: hash(5),
      header80: new Uint8Array(80).fill(0x11),
      seal: new Uint8Array(0),
      height: 5,
      chainWork: 0x0102n,
      state: new Uint8Array(0),
      sequence: 300,
      status: 'header',
      txCount: 0,
    };
    assert.equal(toHex(encodeStoredHeader(bare)), `${'11'.repeat(80)}0002010200812c000000`);
    assert.deepEqual(decodeStoredHeader(encodeStoredHeader(bare), { height: 5, hash: hash(5) }), bare);
    const full: StoredHeader = {
      ...bare,
      seal: Uint8Array.of(1, 2),
      chainWork: 2n ** 255n,
      state: Uint8Array.of(9),
      status: 'valid',
      txCount: 1,
      body: { file: 1, offset: 2, size: 3 },
      undo: { file: 4, offset: 128, size: 6 },
    };
    assert.equal(
      toHex(encodeStoredHeader(full)),
      `${'11'.repeat(80)}0201022080${'00'.repeat(31)}0109812c02010301020304800006`,
    );
    assert.deepEqual(decodeStoredHeader(encodeStoredHeader(full), { height: 5, hash: hash(5) }), full);
    for (const status of ['header', 'stored', 'valid', 'invalid', 'invalid-ancestor'] as const)
      assert.equal(
        decodeStoredHeader(encodeStoredHeader({ ...bare, status }), { height: 5, hash: hash(5) }).status,
        status,
      );
  });

  it('file ends', () => {
    const ends = { bodies: { file: 0, offset: 127 }, undo: { file: 200, offset: 16384 } };
    assert.equal(toHex(encodeFileEnds(ends)), '007f8048ff00');
    assert.deepEqual(decodeFileEnds(encodeFileEnds(ends)), ends);
  });

  it('the snapshot that coins come from', () => {
    const snapshot = { base: hash(1), coinsHash: hash(2), chainTx: 258, state: 'unvalidated' as const };
    const bytes = encodeSnapshot(snapshot);
    assert.equal(toHex(bytes), `01${'01'.repeat(32)}${'02'.repeat(32)}0201000000000000`);
    assert.deepEqual(decodeSnapshot(bytes), snapshot);
    for (const [state, byte] of [
      ['loading', 0],
      ['refuted', 2],
    ] as const)
      assert.equal(encodeSnapshot({ ...snapshot, state })[0], byte);
    assert.throws(() => decodeSnapshot(Uint8Array.from(bytes, (b, i) => (i === 0 ? 3 : b))), DecodeError);
    assert.throws(() => decodeSnapshot(bytes.subarray(1)), DecodeError);
  });
});
