import type { Hash256 } from '../primitives/hash.ts';
import { writeAmount, writeScriptAsCore } from '../primitives/txOutCompression.ts';
import { writeVarint } from '../primitives/varint.ts';
import { asciiBytes, compareBytes, concatBytes, equalBytes } from '../util/bytes.ts';
import { DecodeError, Reader, Writer } from '../util/codec.ts';
import type { CoinChange } from './coin.ts';

/**
 * Bitcoin Core's file of all coins, version 2 (node/utxo_snapshot.h, rpc/blockchain.cpp WriteUTXOSnapshot):
 * "utxo" ff ‖ u16 version ‖ magic of the network ‖ hash of the base block ‖ u64 number of coins, then for each transaction
 * with coins: txid ‖ CompactSize number of them, and for each coin: CompactSize index ‖ VARINT height · 2 + coinbase ‖
 * VARINT compressed amount ‖ compressed script.
 */
export interface SnapshotHead {
  /** The block after which the coins are these. */
  readonly baseHash: Hash256;
  readonly coins: bigint;
}

export const SNAPSHOT_HEAD_BYTES = 51;
const FILE_MAGIC = concatBytes(asciiBytes('utxo'), Uint8Array.of(0xff));
const VERSION = 2;

/** `magic`: the network's four bytes. */
export function encodeSnapshotHead(magic: Uint8Array, head: SnapshotHead): Uint8Array {
  return new Writer(SNAPSHOT_HEAD_BYTES)
    .put(FILE_MAGIC)
    .u16(VERSION)
    .put(magic)
    .put(head.baseHash)
    .u64(head.coins)
    .finish();
}

/** Throws DecodeError with what is wrong: no such file, another version, another network. */
export function decodeSnapshotHead(magic: Uint8Array, bytes: Uint8Array): SnapshotHead {
  const r = new Reader(bytes);
  if (r.left < FILE_MAGIC.length || !equalBytes(r.take(FILE_MAGIC.length), FILE_MAGIC))
    throw new DecodeError('the file does not begin as a snapshot of coins does');
  const version = r.u16('version');
  if (version !== VERSION) throw new DecodeError(`version ${version} is not supported, only ${VERSION}`);
  if (!equalBytes(r.take(4, 'network'), magic)) throw new DecodeError('the snapshot is of another network');
  return { baseHash: r.take(32, 'base block').slice(), coins: r.u64('number of coins') };
}

/** Writes coins that come in key order, those of a transaction together. */
export class SnapshotWriter {
  #out = new Writer(1 << 16);
  #group: CoinChange[] = [];

  add(change: CoinChange): void {
    const first = this.#group[0];
    if (first !== undefined && !equalBytes(first.outpoint.txid, change.outpoint.txid)) this.#endGroup();
    this.#group.push(change);
  }

  /** Bytes gathered. */
  get length(): number {
    return this.#out.length;
  }

  /** Takes what was gathered; with `end` also the last transaction. */
  take(end: boolean): Uint8Array {
    if (end) this.#endGroup();
    const bytes = this.#out.finish();
    this.#out = new Writer(1 << 16);
    return bytes;
  }

  #endGroup(): void {
    const [first] = this.#group;
    if (first === undefined) return;
    this.#out.put(first.outpoint.txid).compactSize(this.#group.length);
    for (const { outpoint, coin } of asCoreIterates(this.#group)) {
      this.#out.compactSize(outpoint.index);
      writeVarint(this.#out, coin.height * 2 + (coin.coinbase ? 1 : 0));
      writeAmount(this.#out, coin.out.value);
      writeScriptAsCore(this.#out, coin.out.scriptPubKey);
    }
    this.#group = [];
  }
}

/** First index of which the VARINT is three bytes long: the order of VARINTs is that of numbers only below it. */
const THREE_BYTE_VARINT = 16_512;

/** Bitcoin Core's keys end in the index as a VARINT, and it writes coins in the order of its keys. */
function asCoreIterates(group: CoinChange[]): CoinChange[] {
  const last = group[group.length - 1] as CoinChange;
  if (last.outpoint.index < THREE_BYTE_VARINT) return group;
  const key = ({ outpoint }: CoinChange): Uint8Array => {
    const w = new Writer(16);
    writeVarint(w, outpoint.index);
    return w.finish();
  };
  const keyed = group.map((change) => ({ change, key: key(change) }));
  return keyed.sort((a, b) => compareBytes(a.key, b.key)).map(({ change }) => change);
}
