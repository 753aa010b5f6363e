import type { Coin, CoinChange, UtxoDiff } from '../ledger/coin.ts';
import type { ScriptJob } from '../ledger/scriptJob.ts';
import type { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
import type { BlockStatus } from './entry.ts';

/** The nouns of these ports, so that storage needs to know no other file of the rooms above it. */
export type { BlockStatus, Coin, CoinChange, ScriptJob, UtxoDiff };

/** Where a record lies in the block or undo files. */
export interface FilePosition {
  readonly file: number;
  readonly offset: number;
  /** Bytes of the payload. */
  readonly size: number;
}

/** One header as stored. */
export interface StoredHeader {
  /** Its hash: storage files it under height and hash, whoever loads it compares. */
  readonly hash: Hash256;
  readonly header80: Uint8Array;
  readonly seal: Uint8Array;
  readonly height: number;
  readonly chainWork: bigint;
  /** The engine's state, encoded by Judge.encodeState. */
  readonly state: Uint8Array;
  readonly sequence: number;
  readonly status: BlockStatus;
  readonly txCount: number;
  readonly body?: FilePosition;
  readonly undo?: FilePosition;
}

/** Headers only: all that a light node stores. */
export interface HeaderStore {
  /** Every stored header, parents before children. */
  loadHeaders(): AsyncIterable<StoredHeader>;
  /** Adds or replaces headers in one atomic batch. */
  putHeaders(headers: readonly StoredHeader[]): Promise<void>;
}

/**
 * One atomic change of the chain state. A crash leaves all of it or nothing, but for coins and tip, which may be left as an
 * earlier commit made them.
 */
export interface ChainCommit {
  readonly headers: readonly StoredHeader[];
  /** The new tip, when it moves. */
  readonly tip?: Hash256;
  /** Coins to add and remove with it (a disconnect passes the reversed diff). */
  readonly coins?: UtxoDiff;
}

/** The blocks between which a crash interrupted a flush of the coins. */
export interface InterruptedFlush {
  readonly from: Hash256;
  readonly to: Hash256;
}

/** Files of one kind: bytes by number. The last is being written. */
export type FileSizes = ReadonlyMap<number, number>;

/** The snapshot of coins that a chain stands on while its past is not validated yet. */
export interface StoredSnapshot {
  /** The block after which the coins are these. */
  readonly base: Hash256;
  /** Their hash_serialized_3, as operator or network gave it. */
  readonly coinsHash: Hash256;
  /** Transactions up to the base, as they gave it. */
  readonly chainTx: number;
  /**
   * loading: the coins are a mix of old and new ones. unvalidated: loaded; the blocks up to the base are not connected yet.
   * refuted: they were, and lead to other coins.
   */
  readonly state: 'loading' | 'unvalidated' | 'refuted';
}

/**
 * The coins of the blocks below a snapshot's base, connected on their own from genesis on. Kept as the chain's coins are: in
 * memory until they are flushed. A crash leaves those of an earlier block, or a flush to be finished.
 */
export interface PastCoins
  extends Pick<ChainStore, 'tip' | 'interruptedFlush' | 'finishFlush' | 'coins' | 'coinCount' | 'flush' | 'allCoins'> {
  /**
   * True when an earlier try led to other coins than the snapshot's, and these were begun anew: what they lead to decides.
   */
  readonly again: boolean;
  /** In memory; flushes first when there is no room. */
  commit(tip: Hash256, diff: UtxoDiff): Promise<void>;
}

/** Storage of a full node. Reading may throw: that is our failure, never a verdict. */
export interface ChainStore extends HeaderStore {
  /**
   * Hash of the block the coins represent, undefined in a new data directory. After a crash it may be behind what was
   * committed, never ahead: blocks, headers and undo records of everything it stands on are durable.
   */
  tip(): Promise<Hash256 | undefined>;
  /**
   * When a crash interrupted a flush, each coin is as it was at `from` or as it is at `to`. Nothing but headers and files may
   * be used until finishFlush.
   */
  interruptedFlush(): Promise<InterruptedFlush | undefined>;
  /** Ends an interrupted flush: `diffs` lead from `from` to `to`, one block each. The tip is `to` then. */
  finishFlush(diffs: AsyncIterable<UtxoDiff>): Promise<void>;
  /** Appends a body (Cairn's sealed block bytes); it counts from the next commit on. */
  appendBody(bytes: Uint8Array): Promise<FilePosition>;
  /** Appends the undo record of a block: the coins it spent. */
  appendUndo(spent: readonly CoinChange[]): Promise<FilePosition>;
  /** Throws when the record is missing or its checksum is wrong. */
  readBody(at: FilePosition): Promise<Uint8Array>;
  readUndo(at: FilePosition): Promise<readonly CoinChange[]>;
  /** The coins of these outpoints, in the same order; one batched read. */
  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]>;
  /**
   * Looks closely whether what coins() says of the outpoint (a coin: `found`, or none) can be trusted. Throws when storage is
   * damaged. Coins must not change meanwhile, which may take long.
   */
  confirm(outpoint: OutPoint, found: boolean): Promise<void>;
  /**
   * Survives the end of the process when the promise resolves, a power cut at the latest a second later (coins: when they
   * are flushed). May wait for a flush under way.
   */
  commit(change: ChainCommit): Promise<void>;
  /** Makes everything durable, coins included: tip() after a crash is not behind what is committed now. */
  flush(): Promise<void>;
  /**
   * Brings most of what flush() would write to the disk while commits go on, so that a flush soon after it is short. Never
   * throws for the disk: flush() will.
   */
  flushAhead(): Promise<void>;
  /** Makes everything durable but the coins: headers, positions, files. */
  sync(): Promise<void>;
  /** The files of bodies and of undo records. */
  fileSizes(): { readonly bodies: FileSizes; readonly undo: FileSizes };
  /** Deletes files that no header names any more; never the last of a kind. */
  removeFiles(files: { readonly bodies: readonly number[]; readonly undo: readonly number[] }): Promise<void>;
  /** Number of unspent outputs. */
  coinCount(): Promise<number>;
  /**
   * Every coin in key order (for comparing nodes and for gettxoutsetinfo). A snapshot, taken by the time that the first is
   * given: what is committed later is not seen.
   */
  allCoins(): AsyncIterable<CoinChange>;
  /** The snapshot that the coins come from, undefined when the chain was connected from genesis. */
  snapshot(): Promise<StoredSnapshot | undefined>;
  /** Durable when the promise resolves; undefined: the past is validated. */
  setSnapshot(snapshot: StoredSnapshot | undefined): Promise<void>;
  /**
   * Replaces all coins by those after block `snapshot.base`; the tip is that block. A crash in between, and a failure of
   * `coins`, leave a snapshot in state "loading" and no coins to be used.
   */
  replaceCoins(snapshot: StoredSnapshot, coins: AsyncIterable<CoinChange>): Promise<void>;
  /** Removes all coins, the tip and the snapshot: the next open connects the stored blocks again. */
  dropCoins(): Promise<void>;
  /** Bytes on disk. */
  sizeOnDisk(): Promise<number>;
}

/** Runs script checks, maybe on other threads. Resolves with the first broken rule in job order, or passed. */
export interface ScriptChecker {
  check(jobs: readonly ScriptJob[]): Promise<Check>;
  /**
   * Where threads would be idle otherwise: hashes the block's transactions and lets it adopt the hashes. Resolves at once
   * when there is nothing to gain, and never rejects: what was not hashed is hashed when it is asked for.
   */
  prepare?(block: Block): Promise<void>;
}

/** Keeps the bytes of a block over which the node contradicted itself, for people to look at. Best effort. */
export interface EvidenceKeeper {
  keep(block: Uint8Array, reason: string): Promise<void>;
}
