import { createHash, hash } from 'node:crypto';
import { ripemd160 } from '@noble/hashes/legacy.js';
import type { HashProvider } from './hash.ts';
import { oneByOne } from './hashBatches.ts';

// Plain Uint8Arrays, because Buffer's slice() shares memory where Uint8Array's copies.
const plain = (digest: Buffer): Uint8Array => new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);

/** Through a string: a Buffer's memory is allocated outside the heap, which costs more than the hash of a small message. */
function sha256(data: Uint8Array): Uint8Array {
  const text = hash('sha256', data, 'binary');
  const digest = new Uint8Array(text.length);
  for (let i = 0; i < digest.length; i++) digest[i] = text.charCodeAt(i);
  return digest;
}

const hash256 = (data: Uint8Array): Uint8Array => sha256(sha256(data));

/** node:crypto one-shot SHA-256. RIPEMD-160 stays in JavaScript: OpenSSL 3 builds may lack it. */
export const nodeHashProvider: HashProvider = {
  name: 'node:crypto',
  ...oneByOne(hash256),
  sha256,
  hash256,
  hash160: (data) => ripemd160(sha256(data)),
  sha256Stream() {
    const stream = createHash('sha256');
    return { update: (data) => void stream.update(data), digest: () => plain(stream.digest()) };
  },
};
