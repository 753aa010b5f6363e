import { hash256 } from '../crypto/hash.ts';

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
/** Smallest input on the wire: 36 prevout, 1 script length, 4 sequence. */
const MIN_INPUT = 41;
/** Smallest output on the wire: 8 value, 1 script length. */
const MIN_OUTPUT = 9;

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

  constructor(fields: TxFields, bytes?: Uint8Array) {
    this.version = fields.version >>> 0;
    this.inputs = fields.inputs;
    this.outputs = fields.outputs;
    this.lockTime = fields.lockTime;
    this.#bytes = bytes;
  }

  get hasWitness(): boolean {
    for (const i of this.inputs) if (i.witness.length > 0) return true;
    return false;
  }

  /** Serialized with witness where there is one (BIP144). */
  get bytes(): Uint8Array {
    this.#bytes ??= encodeTx(this, true);
    return this.#bytes;
  }

  /** Hash of the serialization without witness, internal byte order. */
  get txid(): Hash256 {
    this.#txid ??= this.hasWitness ? hash256(encodeTx(this, false)) : hash256(this.bytes);
    return this.#txid;
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
    return this.strippedSize * (WITNESS_SCALE - 1) + this.size;
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

/** Serializes; with `witness` in the BIP144 form when any input has a witness. */
export function encodeTx(tx: TxFields, witness: boolean): Uint8Array {
  const w = new Writer(64 + tx.inputs.length * 150 + tx.outputs.length * 40);
  const segwit = witness && tx.inputs.some((i) => i.witness.length > 0);
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

function readInputs(r: Reader): TxIn[] {
  const n = r.count(MIN_INPUT, undefined, 'input count');
  const inputs: TxIn[] = [];
  for (let i = 0; i < n; i++) {
    const prevout = readOutPoint(r);
    const scriptSig = r.varBytes(undefined, 'scriptSig');
    inputs.push({ prevout, scriptSig, sequence: r.u32('sequence'), witness: NO_WITNESS });
  }
  return inputs;
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
  const readOutputs = (): TxOut[] => {
    const n = r.count(MIN_OUTPUT, undefined, 'output count');
    const out: TxOut[] = [];
    for (let i = 0; i < n; i++) out.push(readTxOut(r));
    return out;
  };
  if (inputs.length === 0 && allowWitness) {
    flags = r.u8('segwit flag');
    if (flags !== 0) {
      inputs = readInputs(r);
      outputs = readOutputs();
    }
  } else {
    outputs = readOutputs();
  }
  if ((flags & 1) !== 0) {
    flags ^= 1;
    let any = false;
    for (let i = 0; i < inputs.length; i++) {
      const n = r.count(1, undefined, 'witness item count');
      if (n === 0) continue;
      any = true;
      const witness: Uint8Array[] = [];
      for (let k = 0; k < n; k++) witness.push(r.varBytes(undefined, 'witness item'));
      inputs[i] = { ...(inputs[i] as TxIn), witness };
    }
    if (!any) throw new DecodeError('tx: superfluous witness record');
  }
  if (flags !== 0) throw new DecodeError('tx: unknown optional data');
  const lockTime = r.u32('lock time');
  return new Tx({ version, inputs, outputs, lockTime }, r.bytes.subarray(start, r.offset));
}

/** One transaction that takes all of `bytes`. Throws DecodeError. */
export function decodeTx(bytes: Uint8Array): Tx {
  return decodeAll(bytes, (r) => readTx(r), 'tx');
}
