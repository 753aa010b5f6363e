import { EMPTY } from './bytes.ts';

/** Bad bytes from outside. Codecs throw it and nothing else; the room that decodes turns it into a verdict. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** 32 MiB: no length field in any Cairn or Bitcoin message may claim more (Bitcoin Core's MAX_SIZE). */
export const MAX_SIZE = 0x02000000;

/**
 * Reads little-endian integers, CompactSize and byte views from one buffer. Views share memory with the buffer (no copy).
 * Every length is checked against what is left before anything is allocated. Throws DecodeError.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  #need(n: number, what: string): number {
    const at = this.offset;
    if (n > this.bytes.length - at)
      throw new DecodeError(`${what}: needs ${n} bytes at ${at}, ${this.bytes.length - at} left`);
    this.offset = at + n;
    return at;
  }

  u8(what = 'u8'): number {
    return this.bytes[this.#need(1, what)] as number;
  }
  u16(what = 'u16'): number {
    return this.#view.getUint16(this.#need(2, what), true);
  }
  u32(what = 'u32'): number {
    return this.#view.getUint32(this.#need(4, what), true);
  }
  i32(what = 'i32'): number {
    return this.#view.getInt32(this.#need(4, what), true);
  }
  u64(what = 'u64'): bigint {
    return this.#view.getBigUint64(this.#need(8, what), true);
  }
  i64(what = 'i64'): bigint {
    return this.#view.getBigInt64(this.#need(8, what), true);
  }

  /** `n` bytes as a view on the buffer. */
  take(n: number, what = 'bytes'): Uint8Array {
    const at = this.#need(n, what);
    return this.bytes.subarray(at, at + n);
  }

  /** Minimal CompactSize no larger than `max` (never above MAX_SIZE). */
  compactSize(max: number = MAX_SIZE, what = 'CompactSize'): number {
    const first = this.u8(what);
    let n: number;
    if (first < 0xfd) n = first;
    else if (first === 0xfd) {
      n = this.u16(what);
      if (n < 0xfd) throw new DecodeError(`${what}: non-minimal CompactSize`);
    } else if (first === 0xfe) {
      n = this.u32(what);
      if (n < 0x10000) throw new DecodeError(`${what}: non-minimal CompactSize`);
    } else {
      const big = this.u64(what);
      if (big < 0x100000000n) throw new DecodeError(`${what}: non-minimal CompactSize`);
      throw new DecodeError(`${what}: ${big} is above ${max}`);
    }
    if (n > max || n > MAX_SIZE) throw new DecodeError(`${what}: ${n} is above ${Math.min(max, MAX_SIZE)}`);
    return n;
  }

  /** A CompactSize count of elements of which each takes at least `minBytes` on the wire: cannot exceed what is left. */
  count(minBytes: number, max: number = MAX_SIZE, what = 'count'): number {
    const n = this.compactSize(max, what);
    if (n * minBytes > this.left) throw new DecodeError(`${what}: ${n} elements cannot fit in ${this.left} bytes`);
    return n;
  }

  /**
   * CompactSize length and that many bytes, as a view; the empty ones are all the same array, because a view takes a hundred
   * bytes of memory and lists of empty items one byte each of the message.
   */
  varBytes(max: number = MAX_SIZE, what = 'bytes'): Uint8Array {
    const n = this.compactSize(max, what);
    return n === 0 ? EMPTY : this.take(n, what);
  }

  /** Throws unless everything was read. */
  end(what = 'data'): void {
    if (this.left !== 0) throw new DecodeError(`${what}: ${this.left} bytes too many`);
  }
}

/** Writes into a growing buffer; `finish()` returns a copy of exactly the written bytes. */
export class Writer {
  #buf: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(sizeHint = 256) {
    this.#buf = new Uint8Array(Math.max(16, sizeHint));
    this.#view = new DataView(this.#buf.buffer);
  }

  get length(): number {
    return this.#at;
  }

  /** Reserves `n` bytes. May replace buffer and view: call it before naming them, not inside an argument list. */
  #room(n: number): number {
    const at = this.#at;
    if (at + n > this.#buf.length) {
      const next = new Uint8Array(Math.max(this.#buf.length * 2, at + n));
      next.set(this.#buf.subarray(0, at));
      this.#buf = next;
      this.#view = new DataView(next.buffer);
    }
    this.#at = at + n;
    return at;
  }

  u8(v: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, v);
    return this;
  }
  u16(v: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, v, true);
    return this;
  }
  u32(v: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, v, true);
    return this;
  }
  i32(v: number): this {
    const at = this.#room(4);
    this.#view.setInt32(at, v, true);
    return this;
  }
  u64(v: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, v, true);
    return this;
  }
  i64(v: bigint): this {
    const at = this.#room(8);
    this.#view.setBigInt64(at, v, true);
    return this;
  }
  put(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#buf.set(bytes, at);
    return this;
  }
  compactSize(n: number): this {
    if (n < 0xfd) return this.u8(n);
    if (n <= 0xffff) return this.u8(0xfd).u16(n);
    if (n <= 0xffffffff) return this.u8(0xfe).u32(n);
    return this.u8(0xff).u64(BigInt(n));
  }
  varBytes(bytes: Uint8Array): this {
    return this.compactSize(bytes.length).put(bytes);
  }
  finish(): Uint8Array {
    return this.#buf.slice(0, this.#at);
  }
  /** What was written, not copied: valid until the next write. */
  written(): Uint8Array {
    return this.#buf.subarray(0, this.#at);
  }
  /** Begins anew in the same buffer: for messages that are hashed and forgotten. */
  restart(): this {
    this.#at = 0;
    return this;
  }
}

/** Bytes a CompactSize of `n` takes. */
export function compactSizeLength(n: number): number {
  return n < 0xfd ? 1 : n <= 0xffff ? 3 : n <= 0xffffffff ? 5 : 9;
}

/** Runs `read` over all of `bytes`; throws DecodeError when bytes are left over. */
export function decodeAll<T>(bytes: Uint8Array, read: (r: Reader) => T, what: string): T {
  const r = new Reader(bytes);
  const value = read(r);
  r.end(what);
  return value;
}
