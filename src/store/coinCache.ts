import type { Coin, CoinChange, UtxoDiff } from '../chain/ports.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { assert } from '../util/assert.ts';
import { EMPTY } from '../util/bytes.ts';
import { Writer } from '../util/codec.ts';
import { inSlices, type Pause, runSteps, type Steps, walkSteps } from '../util/steps.ts';
import { COINS_PER_STEP, decodeCoin, writeCoin } from './coinCodec.ts';
import { COIN_FLAG, CoinTable, recordBytes } from './coinTable.ts';

const { DIRTY, FRESH, SPENT } = COIN_FLAG;
/** Bytes of a table per slot: a P2WPKH coin takes 72 and its share of the slots 10. */
const BYTES_PER_SLOT = 64;
/** Bytes of a coin record beside its script, at most: code, amount, length. */
const MAX_CODE = 17;
/** Slots cleaned in one step. */
const CLEAN_STEP = 20_000;
/** Above so many bytes of budget the slab grows by 1 MiB, below by 128 KiB. */
const LARGE = 64_000_000;

export interface CoinCacheParts {
  /** Bytes of both generations together. */
  readonly budget: number;
  /** 16 random bytes (coinTable.ts). */
  readonly salt: Uint8Array;
  /** The coin records of these outpoints in the database, in one batched read. */
  readonly read: (outpoints: readonly OutPoint[]) => Promise<(Uint8Array | undefined)[]>;
  /** Decodes a record; failures name the database. */
  readonly decode?: (record: Uint8Array) => Coin;
  /** Asked between the steps of long work; default: none. */
  readonly pause?: Pause | undefined;
}

export interface CoinCacheSize {
  /** Bytes of both generations. */
  readonly bytes: number;
  readonly entries: number;
  /** Entries that the database does not have yet. */
  readonly dirty: number;
}

/**
 * The coins as they are, over a database that may be behind. Two generations: `young` takes all changes; `old` is frozen,
 * being flushed or flushed already. What is asked for is looked up in young, old, database, and found in the two lower ones
 * becomes a clean entry of young, so that what is used stays when old goes.
 *
 * Why an added coin that young does not know is FRESH: outpoints are unique (BIP30), so one that is made now does not exist
 * below. The exceptions have their coin in `spent` of the same diff, which leaves a spent entry in young first.
 */
export class CoinCache {
  readonly #half: number;
  readonly #read: CoinCacheParts['read'];
  readonly #decode: (record: Uint8Array) => Coin;
  readonly #pause: Pause | undefined;
  #young: CoinTable;
  #old: CoinTable;
  /** Entries of young must stay where they are (a flush of it is under way): no clean ones are added. */
  #held = false;
  /** Where records are written before the table copies them. */
  readonly #record = new Writer();
  /** Counts what makes a record read before it out of date without leaving a trace in young or old. */
  #forgotten = 0;

  constructor(parts: CoinCacheParts) {
    const half = Math.floor(parts.budget / 2);
    const chunkBytes = half >= LARGE ? 1 << 20 : 1 << 17;
    const table = { salt: parts.salt, slots: Math.ceil(half / BYTES_PER_SLOT), chunkBytes };
    this.#half = half;
    this.#read = parts.read;
    this.#decode = parts.decode ?? decodeCoin;
    this.#pause = parts.pause;
    this.#young = new CoinTable(table);
    this.#old = new CoinTable(table);
  }

  /** False when the change would take young beyond its half of the budget: it should be frozen first. */
  hasRoomFor({ spent, added }: UtxoDiff): boolean {
    let bytes = spent.length * recordBytes(0);
    for (const { coin } of added) bytes += recordBytes(coin.out.scriptPubKey.length + MAX_CODE);
    return this.#young.bytes + bytes <= this.#half && !this.#young.isCrowdedBy(spent.length + added.length);
  }

  get young(): CoinTable {
    return this.#young;
  }

  get size(): CoinCacheSize {
    const tables = [this.#young, this.#old];
    const sum = (of: (table: CoinTable) => number): number => tables.reduce((total, table) => total + of(table), 0);
    return { bytes: sum((t) => t.bytes), entries: sum((t) => t.entries), dirty: sum((t) => t.dirty) };
  }

  /** The coins of these outpoints, in the same order. Scripts are copies. */
  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const out: (Coin | undefined)[] = new Array(outpoints.length).fill(undefined);
    const missing: number[] = [];
    const look = inSlices(outpoints.length, COINS_PER_STEP, (from, to) => {
      for (let i = from; i < to; i++) {
        const { txid, index } = outpoints[i] as OutPoint;
        const record = this.#cached(txid, index);
        if (record === undefined) missing.push(i);
        else if (record.length > 0) out[i] = this.#decode(record);
      }
    });
    await walkSteps(look, this.#pause);
    if (missing.length === 0) return out;
    const before = this.#forgotten;
    const records = await this.#read(missing.map((i) => outpoints[i] as OutPoint));
    const take = inSlices(missing.length, COINS_PER_STEP, (from, to) => {
      // Looked at in every step: what was read may have gone out of date before it, too.
      if (before !== this.#forgotten) return true;
      for (let j = from; j < to; j++) {
        const i = missing[j] as number;
        const { txid, index } = outpoints[i] as OutPoint;
        // A commit may have come in between: what young and old say now is newer.
        const record = this.#cached(txid, index) ?? records[j];
        if (record === undefined || record.length === 0) continue;
        out[i] = this.#decode(record);
        this.#keep(txid, index, record);
      }
      return undefined;
    });
    return (await walkSteps(take, this.#pause)) === undefined ? out : this.coins(outpoints);
  }

  /** Changes the coins. Removals first: an outpoint in both lists ends up with the added coin. */
  apply(diff: UtxoDiff): void {
    runSteps(this.applying(diff));
  }

  /** apply in steps. Whoever reads coins in between finds a part of them changed: for those who keep readers off. */
  *applying({ spent, added }: UtxoDiff): Steps<void> {
    yield* inSlices(spent.length, COINS_PER_STEP, (from, to) => {
      assert(!this.#held, 'coins do not change while they are flushed');
      for (let i = from; i < to; i++) this.#remove((spent[i] as CoinChange).outpoint);
    });
    yield* inSlices(added.length, COINS_PER_STEP, (from, to) => {
      assert(!this.#held, 'coins do not change while they are flushed');
      for (let i = from; i < to; i++) this.#add(added[i] as CoinChange);
    });
  }

  #remove({ txid, index }: OutPoint): void {
    const young = this.#young;
    const place = young.find(txid, index);
    if (place !== 0 && (young.flags(place) & FRESH) !== 0) young.erase(txid, index);
    else young.put(txid, index, EMPTY, DIRTY | SPENT);
  }

  #add({ outpoint: { txid, index }, coin }: CoinChange): void {
    const young = this.#young;
    const place = young.find(txid, index);
    const fresh = place === 0 ? FRESH : young.flags(place) & FRESH;
    const record = this.#record;
    writeCoin(record.restart(), coin);
    young.put(txid, index, record.written(), DIRTY | fresh);
  }

  /** Young becomes old, which must be flushed by now and is forgotten; a new young starts. Returns what is to be flushed. */
  freeze(): CoinTable {
    assert(!this.#held && this.#old.dirty === 0, 'the old generation is flushed before it goes');
    this.#forgotten++;
    const young = this.#old;
    young.clear();
    this.#old = this.#young;
    this.#young = young;
    return this.#old;
  }

  /** Forgets everything: the database holds other coins now. */
  clear(): void {
    assert(!this.#held && this.#young.dirty === 0 && this.#old.dirty === 0, 'everything is flushed');
    this.#forgotten++;
    this.#young.clear();
    this.#old.clear();
  }

  /** Until the returned function is called, young keeps every entry where it is. */
  hold(): () => void {
    this.#held = true;
    return () => {
      this.#held = false;
    };
  }

  /** Every dirty entry of `table`, which is old, or young when old is flushed, is in the database now. Pauses in between. */
  async flushed(table: CoinTable, pause: Pause): Promise<void> {
    this.#forgotten++;
    // A spent entry of young may hide a coin that old still has.
    const old = this.#old;
    const gone = (txid: Uint8Array, index: number): void => {
      if (table !== old) old.erase(txid, index);
    };
    for (let from = 0; from < table.slotCount; from += CLEAN_STEP) {
      if (from > 0) await pause();
      table.clean(from, from + CLEAN_STEP, gone);
    }
  }

  /** The record that young or old has: empty when spent, undefined when only the database knows. */
  #cached(txid: Uint8Array, index: number): Uint8Array | undefined {
    const place = this.#young.find(txid, index);
    if (place !== 0) return this.#young.value(place);
    const before = this.#old.find(txid, index);
    if (before === 0) return undefined;
    const record = this.#old.value(before);
    if (record.length > 0) this.#keep(txid, index, record);
    return record;
  }

  #keep(txid: Uint8Array, index: number, record: Uint8Array): void {
    const young = this.#young;
    if (this.#held || young.bytes >= this.#half || young.isCrowdedBy(1) || young.find(txid, index) !== 0) return;
    this.#young.put(txid, index, record, 0);
  }
}
