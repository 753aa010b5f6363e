import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';

/**
 * The one registry of everything stored under a data directory. Numbers are never reused: a record kind that dies keeps
 * its number. Changing the bytes of any record means a new FORMAT_VERSION.
 *
 * <datadir>/format.json     format version, network name, chainId (datadir.node.ts)
 * <datadir>/lock/           a database that holds nothing: its lock is the data directory's
 * <datadir>/chain/          LevelDB of a full node: all prefixes below
 * <datadir>/past/           LevelDB of a full node that loaded a snapshot of coins:
 *                           TIP, COIN_COUNT, FLUSHING, PAST_AGAIN and COIN of the blocks below it
 * <datadir>/indexes/      LevelDB per index: txindex (INDEX_LOCATOR, TX)
 * <datadir>/headers/        LevelDB of a light node: HEADER only
 * <datadir>/blocks/         blkNNNNN.dat bodies, revNNNNN.dat undo records (blockFiles.node.ts)
 *
 * Records of chain/, past/ and headers/ have a checksum behind what is said here (recordSum.ts).
 */
export const FORMAT_VERSION = 3;

/** First byte of every key. */
export const PREFIX = {
  /** [0x01] → hash of the block the coins in this database represent, 32 bytes. Headers may be ahead. */
  TIP: 0x01,
  /** [0x02] → ends, as the last commit knew them, of the block and undo files (fileEndsCodec.ts). */
  FILE_ENDS: 0x02,
  /** [0x03] → number of coins at TIP, u64 little-endian. */
  COIN_COUNT: 0x03,
  /** [0x04] until format 1: what the transaction index covered. Since format 2 it has a database of its own. */
  TXINDEX_STATE: 0x04,
  /** [0x05] → ends of the block and undo files before which everything is durable, as FILE_ENDS. Absent: FILE_ENDS. */
  SYNCED_ENDS: 0x05,
  /** [0x06] → the flush of the coins under way (flushMarker.ts): until it is gone, they are a mix of two blocks' coins. */
  FLUSHING: 0x06,
  /** [0x07] → what a rebuild under way has left to do (rebuild.ts), 1 byte. Absent: nothing. */
  REBUILD: 0x07,
  /** [0x08] until format 1: height above which entries of the transaction index could be missing. */
  INDEX_LOW: 0x08,
  /** [0x09] → the snapshot that the coins come from (snapshotRecord.ts). Absent: they were connected from genesis. */
  SNAPSHOT: 0x09,
  /** [0x0a] in an index: locator of the block it reaches to, hashes of 32 bytes. */
  INDEX_LOCATOR: 0x0a,
  /** [0x0b] in past/: these coins were begun anew after an earlier try had led to others than the snapshot's; empty. */
  PAST_AGAIN: 0x0b,
  /** [0x0c] in a database that was copied from one of an older format: how far the copy has come (copyRecords.ts). */
  COPIED: 0x0c,
  /** [0x10 height:u32be hash:32] → header record (headerCodec.ts). Iterates parents before children. */
  HEADER: 0x10,
  /** [0x20 txid:32 index:u32be] → coin record (coinCodec.ts). Iterates in Bitcoin Core's cursor order. */
  COIN: 0x20,
  /** [0x30 txid:32] in its index (until format 1 with the chain) → hash of the active block that holds the transaction, 32 bytes. */
  TX: 0x30,
} as const;

function single(prefix: number): Uint8Array {
  return Uint8Array.of(prefix);
}

export const TIP_KEY = single(PREFIX.TIP);
export const FILE_ENDS_KEY = single(PREFIX.FILE_ENDS);
export const COIN_COUNT_KEY = single(PREFIX.COIN_COUNT);
export const INDEX_LOCATOR_KEY = single(PREFIX.INDEX_LOCATOR);
export const REBUILD_KEY = single(PREFIX.REBUILD);
export const SYNCED_ENDS_KEY = single(PREFIX.SYNCED_ENDS);
export const FLUSHING_KEY = single(PREFIX.FLUSHING);
export const SNAPSHOT_KEY = single(PREFIX.SNAPSHOT);
export const PAST_AGAIN_KEY = single(PREFIX.PAST_AGAIN);
export const COPIED_KEY = single(PREFIX.COPIED);

/** Range [gte, lt) of all keys with the prefix. */
export function rangeOf(prefix: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: single(prefix), lt: single(prefix + 1) };
}

function putU32be(out: Uint8Array, at: number, n: number): void {
  out[at] = n >>> 24;
  out[at + 1] = n >>> 16;
  out[at + 2] = n >>> 8;
  out[at + 3] = n;
}

function getU32be(key: Uint8Array, at: number): number {
  return (
    (((key[at] as number) << 24) |
      ((key[at + 1] as number) << 16) |
      ((key[at + 2] as number) << 8) |
      (key[at + 3] as number)) >>>
    0
  );
}

/** Key of a header: 37 bytes. */
export function headerKey(height: number, hash: Hash256): Uint8Array {
  const key = new Uint8Array(37);
  key[0] = PREFIX.HEADER;
  putU32be(key, 1, height);
  key.set(hash, 5);
  return key;
}

/** Height and hash that a header key holds; the hash is a view on it. */
export function placeOfHeaderKey(key: Uint8Array): { readonly height: number; readonly hash: Hash256 } {
  return { height: getU32be(key, 1), hash: key.subarray(5) };
}

/** Key of a coin: 37 bytes. */
export function coinKey(outpoint: OutPoint): Uint8Array {
  const key = new Uint8Array(37);
  key[0] = PREFIX.COIN;
  key.set(outpoint.txid, 1);
  putU32be(key, 33, outpoint.index);
  return key;
}

/** Outpoint that a coin key names. */
export function outPointOfCoinKey(key: Uint8Array): OutPoint {
  return { txid: key.slice(1, 33), index: getU32be(key, 33) };
}

/** Key of a transaction in the transaction index: 33 bytes. */
export function txKey(txid: Hash256): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = PREFIX.TX;
  key.set(txid, 1);
  return key;
}
