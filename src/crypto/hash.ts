import { hmac } from '@noble/hashes/hmac.js';
import { ripemd160 as nobleRipemd160, sha1 as nobleSha1 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { asciiBytes, concatBytes } from '../util/bytes.ts';
import { type HashBatches, type MerkleResult, oneByOne } from './hashBatches.ts';

/** SHA-256 of data that comes in parts. */
export interface Sha256Stream {
  update(data: Uint8Array): void;
  /** 32 bytes; ends the stream. */
  digest(): Uint8Array;
}

/**
 * Hash functions behind one seam: pure JavaScript by default; a platform installs WebAssembly (hashWasm.ts) and native ones
 * (hashNative.node.ts).
 */
export interface HashProvider extends HashBatches {
  readonly name: string;
  /** 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-256 twice, 32 bytes. */
  hash256(data: Uint8Array): Uint8Array;
  /** RIPEMD-160 of SHA-256, 20 bytes. */
  hash160(data: Uint8Array): Uint8Array;
  sha256Stream(): Sha256Stream;
}

const nobleHash256 = (data: Uint8Array): Uint8Array => nobleSha256(nobleSha256(data));

export const jsHashProvider: HashProvider = {
  name: 'noble',
  ...oneByOne(nobleHash256),
  sha256: (data) => nobleSha256(data),
  hash256: nobleHash256,
  hash160: (data) => nobleRipemd160(nobleSha256(data)),
  sha256Stream: () => nobleSha256.create(),
};

let current: HashProvider = jsHashProvider;

/** Chosen once at start, by `platform`. All providers give identical results (test/crypto). */
export function setHashProvider(provider: HashProvider): void {
  current = provider;
}
export function hashProvider(): HashProvider {
  return current;
}

/** SHA-256, 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return current.sha256(data);
}
/** SHA-256 twice, 32 bytes: txids, block hashes, merkle nodes, base58 checksums. */
export function hash256(data: Uint8Array): Uint8Array {
  return current.hash256(data);
}
/** RIPEMD-160 of SHA-256, 20 bytes: key and script hashes in addresses. */
export function hash160(data: Uint8Array): Uint8Array {
  return current.hash160(data);
}
/** SHA-256 in parts: for what is too large to hold. */
export function sha256Stream(): Sha256Stream {
  return current.sha256Stream();
}
/** hash256 of each 64 bytes, one after the other: 64 n bytes → 32 n bytes, as for one level of a merkle tree. */
export function hash256Pairs(nodes: Uint8Array): Uint8Array {
  if (nodes.length % 64 !== 0) throw new RangeError(`${nodes.length} bytes are not pairs of hashes`);
  return current.hash256Pairs(nodes);
}
/** hash256 of every message, in order; four at a time where the provider can. */
export function hash256Each(messages: readonly Uint8Array[]): Uint8Array[] {
  return current.hash256Each(messages);
}
/** Root of Bitcoin's merkle tree over one or more leaves of 32 bytes, and the sign of CVE-2012-2459. */
export function hash256Tree(leaves: readonly Uint8Array[]): MerkleResult {
  return current.hash256Tree(leaves);
}
/** RIPEMD-160, 20 bytes. */
export function ripemd160(data: Uint8Array): Uint8Array {
  return nobleRipemd160(data);
}
/** SHA-1, 20 bytes: broken as a hash, but OP_SHA1 is a consensus rule. */
export function sha1(data: Uint8Array): Uint8Array {
  return nobleSha1(data);
}
/** HMAC-SHA256, 32 bytes. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, data);
}
const TAG_PREFIX = 64;
/** Longest message that a tagged hasher puts together in its own memory, bytes with the prefix. */
const TAGGED_MESSAGE = 512;

/** A BIP340 tagged hash, SHA256(SHA256(tag) ‖ SHA256(tag) ‖ data), with the hash of the tag computed once; data in parts. */
export function taggedHasher(tag: string): (...data: readonly Uint8Array[]) => Uint8Array {
  // Short messages are put together in here: memory for each would take as long as their hash.
  let message: Uint8Array | undefined;
  return (...data) => {
    if (message === undefined) {
      message = new Uint8Array(TAGGED_MESSAGE);
      const t = sha256(asciiBytes(tag));
      message.set(t);
      message.set(t, t.length);
    }
    let length = TAG_PREFIX;
    for (const part of data) length += part.length;
    if (length > message.length) return sha256(concatBytes(message.subarray(0, TAG_PREFIX), ...data));
    let at = TAG_PREFIX;
    for (const part of data) {
      message.set(part, at);
      at += part.length;
    }
    return sha256(message.subarray(0, length));
  };
}
/** BIP340 tagged hash of `data`. */
export function taggedHash(tag: string, data: Uint8Array): Uint8Array {
  return taggedHasher(tag)(data);
}
