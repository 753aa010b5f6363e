import { COIN, isMoney, parseCoins } from '../primitives/amount.ts';
import { type Hash256, parseHash } from '../primitives/hash.ts';
import { fromHex, isHex } from '../util/hex.ts';
import { decodeFailed, invalidParameter, RPC, RpcError, typeError } from './errors.ts';
import { type Json, type JsonObject, typeName } from './json.ts';

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;

/** A displayed hash. -8 with Bitcoin Core's two messages (ParseHashV). */
export function hashOf(value: Json | undefined, name: string): Hash256 {
  if (typeof value !== 'string') throw typeError(value, 'string');
  if (value.length !== 64) {
    throw invalidParameter(`${name} must be of length 64 (not ${value.length}, for '${value.slice(0, 200)}')`);
  }
  if (!isHex(value)) throw invalidParameter(`${name} must be hexadecimal string (not '${value}')`);
  return parseHash(value);
}

/** An integer of 32 bits, with sign unless told otherwise. -3 for another type, -1 out of range or with a fraction. */
export function intOf(value: Json | undefined, min = INT_MIN, max = INT_MAX): number {
  if (typeof value !== 'number') throw typeError(value, 'number');
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RpcError(RPC.MISC_ERROR, 'JSON integer out of range');
  }
  return value;
}

/** An amount in coins, number or decimal string, as satoshi (Bitcoin Core AmountFromValue). */
export function amountOf(value: Json | undefined): bigint {
  let satoshi: bigint | undefined;
  if (typeof value === 'string') satoshi = parseCoins(value);
  else if (typeof value === 'number') {
    // A double stands for a decimal of eight places only when that decimal reads back as the same double.
    const text = Math.abs(value) < 1e12 ? value.toFixed(8) : '';
    satoshi = Number(text) === value ? parseCoins(text) : undefined;
  } else throw new RpcError(RPC.TYPE_ERROR, 'Amount is not a number or string');
  if (satoshi === undefined) throw new RpcError(RPC.TYPE_ERROR, 'Invalid amount');
  if (!isMoney(satoshi)) throw new RpcError(RPC.TYPE_ERROR, 'Amount out of range');
  return satoshi;
}

/** The arguments of one call by position, after the table's checks; null and missing are the same. */
export class Args {
  readonly #values: readonly Json[];
  readonly #names: readonly string[];

  constructor(values: readonly Json[], names: readonly string[]) {
    this.#values = values;
    this.#names = names;
  }

  /** All values as given. */
  get all(): readonly Json[] {
    return this.#values;
  }

  has(at: number): boolean {
    return this.#values[at] !== undefined && this.#values[at] !== null;
  }

  raw(at: number): Json | undefined {
    return this.has(at) ? this.#values[at] : undefined;
  }

  str(at: number): string {
    const value = this.raw(at);
    if (typeof value !== 'string') throw typeError(value, 'string');
    return value;
  }

  optStr(at: number): string | undefined {
    return this.has(at) ? this.str(at) : undefined;
  }

  bool(at: number, otherwise: boolean): boolean {
    if (!this.has(at)) return otherwise;
    const value = this.raw(at);
    if (typeof value !== 'boolean') throw typeError(value, 'bool');
    return value;
  }

  int(at: number, otherwise?: number): number {
    if (!this.has(at) && otherwise !== undefined) return otherwise;
    return intOf(this.raw(at));
  }

  /** An integer of 32 bits without sign: the number of an output. */
  uint(at: number): number {
    return intOf(this.raw(at), 0, UINT_MAX);
  }

  /** An integer up to 2^53 (times in milliseconds, counts). */
  long(at: number, otherwise?: number): number {
    if (!this.has(at) && otherwise !== undefined) return otherwise;
    const value = this.raw(at);
    if (typeof value !== 'number') throw typeError(value, 'number');
    if (!Number.isSafeInteger(value)) throw new RpcError(RPC.MISC_ERROR, 'JSON integer out of range');
    return value;
  }

  /** Number, or boolean as 0 and 1 (Bitcoin Core ParseVerbosity). */
  verbosity(at: number, otherwise: number): number {
    const value = this.raw(at);
    if (value === undefined) return otherwise;
    if (typeof value === 'boolean') return value ? 1 : 0;
    return intOf(value);
  }

  hash(at: number): Hash256 {
    return hashOf(this.raw(at), this.#names[at] ?? 'hash');
  }

  optHash(at: number): Hash256 | undefined {
    return this.has(at) ? this.hash(at) : undefined;
  }

  array(at: number): readonly Json[] {
    const value = this.raw(at);
    if (!Array.isArray(value)) throw typeError(value, 'array');
    return value;
  }

  object(at: number): JsonObject {
    const value = this.raw(at);
    if (typeName(value) !== 'object') throw typeError(value, 'object');
    return value as JsonObject;
  }

  optObject(at: number): JsonObject {
    return this.has(at) ? this.object(at) : {};
  }

  /** Bytes of a hex argument; `failure` is the -22 message when it is not hex. */
  bytes(at: number, failure: string): Uint8Array {
    const text = this.str(at);
    if (!isHex(text)) throw decodeFailed(failure);
    return fromHex(text);
  }

  /** Bytes of a hex argument; -8 "argument must be hexadecimal string" when it is not hex (Bitcoin Core ParseHexV). */
  data(at: number): Uint8Array {
    const text = this.str(at);
    if (!isHex(text)) throw invalidParameter(`argument must be hexadecimal string (not '${text.slice(0, 200)}')`);
    return fromHex(text);
  }

  /** Fee rate in coins per 1000 vbytes as satoshi per 1000 vbytes; 1 coin and more is refused (ParseFeeRate). */
  feeRate(at: number, otherwise: bigint): bigint {
    if (!this.has(at)) return otherwise;
    const rate = amountOf(this.raw(at));
    if (rate >= COIN) throw invalidParameter('Fee rates larger than or equal to 1BTC/kvB are not accepted');
    return rate;
  }

  amount(at: number, otherwise: bigint): bigint {
    return this.has(at) ? amountOf(this.raw(at)) : otherwise;
  }
}
