import { hash256, hash256Each } from '../crypto/hash.ts';

import { compactSizeLength, DecodeError, decodeAll, type Reader, Writer } from '../util/codec.ts';
import { displayHash, type Hash256 } from './hash.ts';
import { isNullOutPoint, type OutPoint, readOutPoint, writeOutPoint } from './outpoint.ts';

export interface TxIn {
  readonly prevout: OutPoint;
  readonly scriptSig: Uint8Array;
  readonly sequence: number;
  /** Witness stack, bottom first; empty for inputs without witness. */
  readonly witness: readonly Uint8Array[];
}

export interface TxOut {
  /** Satoshi as the 64-bit signed integer on the wire; whether it is a valid amount is a rule's business. */
  readonly value: bigint;
  readonly scriptPubKey: Uint8Array;
}

export interface TxFields {
  /** 32-bit signed on the wire; kept unsigned as Bitcoin Core ≥ 28 does. */
  readonly version: number;
  readonly inputs: readonly TxIn[];
  readonly outputs: readonly TxOut[];
  readonly lockTime: number;
}

export const NO_WITNESS: readonly Uint8Array[] = [];
export const SEQUENCE_FINAL = 0xffffffff;
export const WITNESS_SCALE = 4;

/**
 * Transactions in one step of work on a block: some tenths of a millisecond for each kind of work, a few milliseconds while
 * the code is cold.
 */
export const TXS_PER_STEP = 200;

/** BIP141: 3 × stripped size + total size, of a transaction or a block. */
export function weightOf(of: { readonly strippedSize: number; readonly size: number }): number {
  return of.strippedSize * (WITNESS_SCALE - 1) + of.size;
}
const VERSION_SIZE = 4;
const LOCK_TIME_SIZE = 4;
/** BIP144: marker and flag. */
const SEGWIT_MARK_SIZE = 2;
/** Smallest input on the wire: 36 prevout, 1 script length, 4 sequence. */
const MIN_INPUT = 41;
/** Smallest output on the wire: 8 value, 1 script length. */
const MIN_OUTPUT = 9;

/** A transaction as its ids see it. */
export interface EncodedTx {
  /** Serialized, with witness where there is one (BIP144). */
  readonly bytes: Uint8Array;
  /** Bytes of it without witness. */
  readonly strippedSize: number;
}

/** An immutable transaction; ids and sizes are computed once. Byte fields may be views on the buffer it was read from. */
export class Tx implements TxFields {
  readonly version: number;
  readonly inputs: readonly TxIn[];
  readonly outputs: readonly TxOut[];
  readonly lockTime: number;
  #txid: Hash256 | undefined;
  #wtxid: Hash256 | undefined;
  #bytes: Uint8Array | undefined;
  #strippedSize: number | undefined;

  /** `encoded`: the fields' serialization and its size without witness, where it was read from bytes. */
  constructor(fields: TxFields, encoded?: EncodedTx) {
    this.version = fields.version >>> 0;
    this.inputs = fields.inputs;
    this.outputs = fields.outputs;
    this.lockTime = fields.lockTime;
    this.#bytes = encoded?.bytes;
    this.#strippedSize = encoded?.strippedSize;
  }

  get hasWitness(): boolean {
    return this.size !== this.strippedSize;
  }

  /** Serialized with witness where there is one (BIP144). */
  get bytes(): Uint8Array {
    this.#bytes ??= encodeTx(this);
    return this.#bytes;
  }

  /** Serialized without witness, made anew each time from the parts of `bytes` around marker, flag and witnesses (BIP144). */
  get strippedBytes(): Uint8Array {
    const { bytes, strippedSize } = this;
    if (bytes.length === strippedSize) return bytes;
    const stripped = new Uint8Array(strippedSize);
    stripped.set(bytes.subarray(0, VERSION_SIZE));
    const lists = strippedSize - VERSION_SIZE - LOCK_TIME_SIZE;
    const start = VERSION_SIZE + SEGWIT_MARK_SIZE;
    stripped.set(bytes.subarray(start, start + lists), VERSION_SIZE);
    stripped.set(bytes.subarray(bytes.length - LOCK_TIME_SIZE), strippedSize - LOCK_TIME_SIZE);
    return stripped;
  }

  /** Hash of the serialization without witness, internal byte order. */
  get txid(): Hash256 {
    this.#txid ??= hash256(this.strippedBytes);
    return this.#txid;
  }

  /** Makes the txids that are not known yet in one batch: several times faster than one by one. */
  static hashTxids(txs: readonly Tx[]): void {
    const waiting = txs.filter((tx) => tx.#txid === undefined);
    const txids = txidsOf(waiting);
    for (let i = 0; i < txids.length; i++) (waiting[i] as Tx).#txid = txids[i] as Hash256;
  }

  /** The same for wtxids. */
  static hashWtxids(txs: readonly Tx[]): void {
    Tx.hashTxids(txs.filter((tx) => !tx.hasWitness));
    const waiting = txs.filter((tx) => tx.#wtxid === undefined && tx.hasWitness);
    const wtxids = hash256Each(waiting.map((tx) => tx.bytes));
    for (let i = 0; i < wtxids.length; i++) (waiting[i] as Tx).#wtxid = wtxids[i] as Hash256;
  }

  /** Takes over ids that were made elsewhere, on the caller's word: txid ‖ wtxid of each, as hashTransactions (blockHashes.ts) makes them. */
  static adoptIds(txs: readonly Tx[], ids: Uint8Array): void {
    for (let i = 0; i < txs.length; i++) {
      const tx = txs[i] as Tx;
      tx.#txid ??= ids.slice(64 * i, 64 * i + 32);
      tx.#wtxid ??= tx.hasWitness ? ids.slice(64 * i + 32, 64 * i + 64) : tx.#txid;
    }
  }

  /** Hash of the serialization with witness; equals txid without witness. */
  get wtxid(): Hash256 {
    this.#wtxid ??= this.hasWitness ? hash256(this.bytes) : this.txid;
    return this.#wtxid;
  }

  /** Bytes with witness. */
  get size(): number {
    return this.bytes.length;
  }

  /** Bytes without witness. */
  get strippedSize(): number {
    this.#strippedSize ??= strippedSize(this);
    return this.#strippedSize;
  }

  /** BIP141: 3 × stripped size + total size. */
  get weight(): number {
    return weightOf(this);
  }

  /** Weight / 4, rounded up. */
  get vsize(): number {
    return Math.ceil(this.weight / WITNESS_SCALE);
  }

  get isCoinbase(): boolean {
    return this.inputs.length === 1 && isNullOutPoint((this.inputs[0] as TxIn).prevout);
  }

  /** The txid as people see it. */
  get id(): string {
    return displayHash(this.txid);
  }
}

/** The txids, made in one batch. */
export function txidsOf(txs: readonly EncodedTx[]): Hash256[] {
  return hash256Each(strippedBytesOf(txs));
}

/** strippedBytes of each, as views on one buffer: no allocation per transaction. */
function strippedBytesOf(txs: readonly EncodedTx[]): Uint8Array[] {
  let size = 0;
  for (const { bytes, strippedSize } of txs) if (bytes.length !== strippedSize) size += bytes.length;
  const all = new Uint8Array(size);
  let at = 0;
  return txs.map(({ bytes, strippedSize }) => {
    if (bytes.length === strippedSize) return bytes;
    const end = at + strippedSize;
    // The whole first; what follows marker and flag moves over them, and the lock time over the witnesses.
    all.set(bytes, at);
    all.copyWithin(at + VERSION_SIZE, at + VERSION_SIZE + SEGWIT_MARK_SIZE, end - LOCK_TIME_SIZE + SEGWIT_MARK_SIZE);
    all.copyWithin(end - LOCK_TIME_SIZE, at + bytes.length - LOCK_TIME_SIZE, at + bytes.length);
    const stripped = all.subarray(at, end);
    at = end;
    return stripped;
  });
}

function strippedSize(tx: TxFields): number {
  let n = 8 + compactSizeLength(tx.inputs.length) + compactSizeLength(tx.outputs.length);
  for (const i of tx.inputs) n += 40 + compactSizeLength(i.scriptSig.length) + i.scriptSig.length;
  for (const o of tx.outputs) n += 8 + compactSizeLength(o.scriptPubKey.length) + o.scriptPubKey.length;
  return n;
}

export function writeTxOut(w: Writer, o: TxOut): void {
  w.i64(o.value).varBytes(o.scriptPubKey);
}

export function readTxOut(r: Reader): TxOut {
  const value = r.i64('output value');
  return { value, scriptPubKey: r.varBytes(undefined, 'scriptPubKey') };
}

/** Serializes; in the BIP144 form when any input has a witness. */
export function encodeTx(tx: TxFields): Uint8Array {
  const w = new Writer(64 + tx.inputs.length * 150 + tx.outputs.length * 40);
  const segwit = tx.inputs.some((i) => i.witness.length > 0);
  w.u32(tx.version);
  if (segwit) w.u8(0).u8(1);
  w.compactSize(tx.inputs.length);
  for (const i of tx.inputs) {
    writeOutPoint(w, i.prevout);
    w.varBytes(i.scriptSig).u32(i.sequence);
  }
  w.compactSize(tx.outputs.length);
  for (const o of tx.outputs) writeTxOut(w, o);
  if (segwit) {
    for (const i of tx.inputs) {
      w.compactSize(i.witness.length);
      for (const item of i.witness) w.varBytes(item);
    }
  }
  return w.u32(tx.lockTime).finish();
}

/** Elements for which room is made on the word of a count alone. */
const TRUSTED_COUNT = 1000;

/**
 * A list to be filled with `n` elements, at once of the right size unless `n` is large: pushing the first element into an
 * empty list makes room for 17, and most transactions have one or two of everything.
 */
function listWithRoom<T>(n: number): T[] {
  return new Array<T>(Math.min(n, TRUSTED_COUNT));
}

/** An input whose witness comes later on the wire. */
type UnfinishedTxIn = { -readonly [K in keyof TxIn]: TxIn[K] };

function readInputs(r: Reader): UnfinishedTxIn[] {
  const n = r.count(MIN_INPUT, undefined, 'input count');
  const inputs = listWithRoom<UnfinishedTxIn>(n);
  for (let i = 0; i < n; i++) {
    const prevout = readOutPoint(r);
    const scriptSig = r.varBytes(undefined, 'scriptSig');
    inputs[i] = { prevout, scriptSig, sequence: r.u32('sequence'), witness: NO_WITNESS };
  }
  return inputs;
}

function readOutputs(r: Reader): TxOut[] {
  const n = r.count(MIN_OUTPUT, undefined, 'output count');
  const outputs = listWithRoom<TxOut>(n);
  for (let i = 0; i < n; i++) outputs[i] = readTxOut(r);
  return outputs;
}

/** Gives every input its stack. Throws DecodeError when none has any item. */
function readWitnesses(r: Reader, inputs: readonly UnfinishedTxIn[]): void {
  let any = false;
  for (const input of inputs) {
    const n = r.count(1, undefined, 'witness item count');
    if (n === 0) continue;
    any = true;
    const witness = listWithRoom<Uint8Array>(n);
    for (let k = 0; k < n; k++) witness[k] = r.varBytes(undefined, 'witness item');
    input.witness = witness;
  }
  if (!any) throw new DecodeError('tx: superfluous witness record');
}

/**
 * Reads one transaction, legacy or BIP144, with Bitcoin Core's tolerance: an empty input list is the segwit marker when
 * flags follow. A witness flag without any witness, unknown flags and an over-long count are DecodeErrors.
 * With `allowWitness` false the bytes are read in the legacy form only (as decoderawtransaction's fallback does).
 */
export function readTx(r: Reader, allowWitness = true): Tx {
  const start = r.offset;
  const version = r.u32('tx version');
  let inputs = readInputs(r);
  let outputs: TxOut[] = [];
  let flags = 0;
  if (inputs.length === 0 && allowWitness) {
    flags = r.u8('segwit flag');
    if (flags !== 0) {
      inputs = readInputs(r);
      outputs = readOutputs(r);
    }
  } else {
    outputs = readOutputs(r);
  }
  let strippedSize = r.offset - start + LOCK_TIME_SIZE;
  if ((flags & 1) !== 0) {
    flags ^= 1;
    strippedSize -= SEGWIT_MARK_SIZE;
    readWitnesses(r, inputs);
  }
  if (flags !== 0) throw new DecodeError('tx: unknown optional data');
  const lockTime = r.u32('lock time');
  return new Tx({ version, inputs, outputs, lockTime }, { bytes: r.bytes.subarray(start, r.offset), strippedSize });
}

/** One transaction that takes all of `bytes`. Throws DecodeError. */
export function decodeTx(bytes: Uint8Array): Tx {
  return decodeAll(bytes, (r) => readTx(r), 'tx');
}
