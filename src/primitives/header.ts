import { hash256 } from '../crypto/hash.ts';
import { decodeAll, type Reader, Writer } from '../util/codec.ts';
import { displayHash, type Hash256, hashKey } from './hash.ts';

export const HEADER_SIZE = 80;

export interface HeaderFields {
  /** 32-bit signed. */
  readonly version: number;
  readonly prevHash: Hash256;
  readonly merkleRoot: Hash256;
  /** Unix seconds, 32-bit unsigned. */
  readonly time: number;
  /** Compact target. */
  readonly bits: number;
  readonly nonce: number;
}

/** An immutable 80-byte block header; the hash is computed once. */
export class BlockHeader implements HeaderFields {
  readonly version: number;
  readonly prevHash: Hash256;
  readonly merkleRoot: Hash256;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
  #hash: Hash256 | undefined;
  #key: string | undefined;

  constructor(f: HeaderFields) {
    this.version = f.version;
    this.prevHash = f.prevHash;
    this.merkleRoot = f.merkleRoot;
    this.time = f.time;
    this.bits = f.bits;
    this.nonce = f.nonce;
  }

  /** SHA256d of the 80 bytes: the block hash in every engine. */
  get hash(): Hash256 {
    this.#hash ??= hash256(encodeHeader(this));
    return this.#hash;
  }

  /** Map key of the hash. */
  get key(): string {
    this.#key ??= hashKey(this.hash);
    return this.#key;
  }

  /** The hash as people see it. */
  get id(): string {
    return displayHash(this.hash);
  }
}

export function writeHeader(w: Writer, h: HeaderFields): void {
  w.i32(h.version).put(h.prevHash).put(h.merkleRoot).u32(h.time).u32(h.bits).u32(h.nonce);
}

/** Hashes are copied out of the buffer: headers live long, their buffers should not. */
export function readHeader(r: Reader): BlockHeader {
  const version = r.i32('header version');
  const prevHash = r.take(32, 'header prev').slice();
  const merkleRoot = r.take(32, 'header merkle root').slice();
  return new BlockHeader({ version, prevHash, merkleRoot, time: r.u32(), bits: r.u32(), nonce: r.u32() });
}

/** The 80 bytes. */
export function encodeHeader(h: HeaderFields): Uint8Array {
  const w = new Writer(HEADER_SIZE);
  writeHeader(w, h);
  return w.finish();
}

/** The parent's hash in the 80 bytes, as a view. */
export function prevHashOf(header80: Uint8Array): Hash256 {
  return header80.subarray(4, 36);
}

/** Exactly 80 bytes. Throws DecodeError. */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  return decodeAll(bytes, readHeader, 'header');
}

/**
 * Header and its seal (witness outside the hash; protocol §1.3). Proof of work has an empty seal.
 * On the wire and in storage: header80 ‖ CompactSize(len) ‖ seal.
 */
export interface SealedHeader {
  readonly header: BlockHeader;
  readonly seal: Uint8Array;
}

/** Upper bound of any engine's seal: 1 + 64 + 32 + 64 · 256 (rule S4 with 256 signers). */
export const MAX_SEAL = 1 + 64 + 32 + 64 * 256;

export function readSealedHeader(r: Reader): SealedHeader {
  const header = readHeader(r);
  return { header, seal: r.varBytes(MAX_SEAL, 'seal').slice() };
}

export function writeSealedHeader(w: Writer, s: SealedHeader): void {
  writeHeader(w, s.header);
  w.varBytes(s.seal);
}
