import { strict as assert } from 'node:assert';
import type { StoredHeader } from '../../src/chain/ports.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { encodeHeader } from '../../src/primitives/header.ts';
import { readVarint, readVarintBig, writeVarint } from '../../src/primitives/varint.ts';
import { decodeCoin, encodeCoin } from '../../src/store/coinCodec.ts';
import { decodeFileEnds, encodeFileEnds } from '../../src/store/fileEndsCodec.ts';
import { decodeStoredHeader, encodeStoredHeader } from '../../src/store/headerCodec.ts';
import { encodeUndo, readUndoRecord } from '../../src/store/undoCodec.ts';
import { decodeAll, Reader, Writer } from '../../src/util/codec.ts';
import type { FuzzTarget } from './run.ts';
import { oneEncoding } from './same.ts';
import * as S from './samples.ts';

const STORED: StoredHeader = {
  hash: S.BLOCK.header.hash,
  header80: encodeHeader(S.BLOCK.header),
  seal: new Uint8Array(0),
  height: 300,
  chainWork: 1n << 70n,
  state: new Uint8Array(8),
  sequence: 301,
  status: 'valid',
  txCount: 3,
  body: { file: 1, offset: 70_000, size: 900 },
  undo: { file: 1, offset: 300, size: 80 },
};
const { body: _body, undo: _undo, ...HEADER_ONLY } = STORED;
const COINS = [S.P2PKH, S.P2SH, S.P2WPKH, S.MULTISIG, new Uint8Array(0)].map((scriptPubKey, i) => ({
  out: { value: BigInt(i) * 123_000n, scriptPubKey },
  height: 1000 * i,
  coinbase: i % 2 === 0,
}));
const PLACE = { height: 300, hash: S.BLOCK.header.hash };
const DEVNET = judgeFor(builtInNetwork('cairn-devnet') as Network);

function varint(n: bigint): Uint8Array {
  const w = new Writer(16);
  writeVarint(w, n);
  return w.finish();
}

export const STORE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'coin record',
    samples: COINS.map(encodeCoin),
    // A script that could be stored short may also stand there whole, so the value is compared, not the bytes.
    run: (bytes) => {
      const coin = decodeCoin(bytes);
      assert.deepEqual(decodeCoin(encodeCoin(coin)), coin);
      return true;
    },
  },
  {
    name: 'undo record',
    samples: [encodeUndo(COINS.map((coin, i) => ({ outpoint: { txid: S.hash(i), index: i }, coin }))), encodeUndo([])],
    run: (bytes) => {
      const spent = decodeAll(bytes, readUndoRecord, 'undo record');
      assert.equal(decodeAll(encodeUndo(spent), readUndoRecord, 'undo record').length, spent.length);
      return true;
    },
  },
  {
    name: 'header record',
    samples: [encodeStoredHeader(STORED), encodeStoredHeader(HEADER_ONLY)],
    run: (bytes) => {
      const stored = decodeStoredHeader(bytes, PLACE);
      assert.deepEqual(decodeStoredHeader(encodeStoredHeader(stored), PLACE), stored);
      return true;
    },
  },
  {
    name: 'file ends',
    samples: [encodeFileEnds({ bodies: { file: 3, offset: 123_456 }, undo: { file: 0, offset: 7 } })],
    run: oneEncoding(decodeFileEnds, encodeFileEnds),
  },
  {
    name: 'varint',
    samples: [0n, 127n, 128n, 16_511n, 16_512n, (1n << 53n) - 2n, (1n << 64n) - 1n].map(varint),
    run: (bytes) => {
      const big = new Reader(bytes);
      const value = readVarintBig(big);
      assert.deepEqual(varint(value), bytes.slice(0, big.offset));
      if (value < BigInt(Number.MAX_SAFE_INTEGER)) assert.equal(readVarint(new Reader(bytes)), Number(value));
      return true;
    },
  },
  {
    name: 'difficulty state',
    samples: [new Uint8Array(8), new Uint8Array(8).fill(0xff)],
    run: oneEncoding(
      (bytes) => DEVNET.decodeState(bytes),
      (s) => DEVNET.encodeState(s),
    ),
  },
];
