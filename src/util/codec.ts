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
  offset = 0;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Made when the first 64-bit integer is read: most readers of small records never need it, and it costs more than they do. */
  get #wide(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
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
    const at = this.#need(2, what);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }
  u32(what = 'u32'): number {
    return this.i32(what) >>> 0;
  }
  i32(what = 'i32'): number {
    const at = this.#need(4, what);
    const { bytes } = this;
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }
  u64(what = 'u64'): bigint {
    return this.#wide.getBigUint64(this.#need(8, what), true);
  }
  i64(what = 'i64'): bigint {
    return this.#wide.getBigInt64(this.#need(8, what), true);
  }

  /** `n` bytes as a view on the buffer. */
  take(n: number, what = 'bytes'): Uint8Array {
    const at = this.#need(n, what);
    return this.bytes.subarray(at, at + n);
  }

  /** A copy of `n` bytes. */
  copy(n: number, what = 'bytes'): Uint8Array {
    const at = this.#need(n, what);
    return this.bytes.slice(at, at + n);
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

/** Writes into a growing buffer; `finish()` returns exactly the written bytes, which nothing written later changes. */
export class Writer {
  #buf: Uint8Array;
  /** Of the buffer; made when the first 64-bit integer is written. */
  #view: DataView | undefined;
  #at = 0;
  /** The buffer, being full, was returned: whatever is written next goes into another one, as it has no room. */
  #given = false;

  constructor(sizeHint = 256) {
    this.#buf = new Uint8Array(Math.max(16, sizeHint));
  }

  get #wide(): DataView {
    this.#view ??= new DataView(this.#buf.buffer);
    return this.#view;
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
      this.#view = undefined;
      this.#given = false;
    }
    this.#at = at + n;
    return at;
  }

  u8(v: number): this {
    const at = this.#room(1);
    this.#buf[at] = v;
    return this;
  }
  u16(v: number): this {
    const at = this.#room(2);
    this.#buf[at] = v;
    this.#buf[at + 1] = v >>> 8;
    return this;
  }
  u32(v: number): this {
    return this.i32(v);
  }
  i32(v: number): this {
    const at = this.#room(4);
    const buf = this.#buf;
    buf[at] = v;
    buf[at + 1] = v >>> 8;
    buf[at + 2] = v >>> 16;
    buf[at + 3] = v >>> 24;
    return this;
  }
  u64(v: bigint): this {
    const at = this.#room(8);
    this.#wide.setBigUint64(at, v, true);
    return this;
  }
  i64(v: bigint): this {
    const at = this.#room(8);
    this.#wide.setBigInt64(at, v, true);
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
    if (this.#at < this.#buf.length) return this.#buf.slice(0, this.#at);
    this.#given = true;
    return this.#buf;
  }
  /** What was written, not copied: valid until the next write. */
  written(): Uint8Array {
    return this.#buf.subarray(0, this.#at);
  }
  /** Begins anew in the same buffer: for messages that are hashed and forgotten. */
  restart(): this {
    this.#at = 0;
    if (this.#given) {
      this.#buf = new Uint8Array(this.#buf.length);
      this.#view = undefined;
      this.#given = false;
    }
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
