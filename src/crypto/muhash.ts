import { chacha20Keystream } from './chacha20.ts';
import { sha256 } from './hash.ts';

/** Bytes of an element: the SHA-256 of the data, expanded by ChaCha20. */
const ELEMENT_BYTES = 384;
const BITS = 3072n;
/** 2^3072 - 1103717 is the largest 3072-bit safe prime. */
const PRIME_DIFF = 1103717n;
const MODULUS = (1n << BITS) - PRIME_DIFF;
const LOW_BITS = (1n << BITS) - 1n;
/** A product grows by 21 bits when it is folded once; after this many it is folded again. */
const FOLD_EVERY = 16;

/** A product modulo MODULUS that is reduced only as far as speed wants. */
class LazyProduct {
  #value = 1n;
  #folds = 0;

  /** `by`: any number below 2^3072, of which only 0 has no inverse. */
  multiply(by: bigint): void {
    this.#value = fold(this.#value * by);
    // Numbers a few bits too long cost less than reducing them each time.
    if (++this.#folds % FOLD_EVERY === 0) this.#value = fold(this.#value);
  }

  get reduced(): bigint {
    return this.#value % MODULUS;
  }
}

/** The same number modulo MODULUS, since 2^3072 ≡ 1103717: as long as the upper part and 21 bits, or 3072 bits. */
function fold(n: bigint): bigint {
  return (n & LOW_BITS) + (n >> BITS) * PRIME_DIFF;
}

/**
 * MuHash3072, Bitcoin Core's hash of a set (crypto/muhash.h): the product of its elements modulo a prime. Elements may be
 * added and removed in any order, and sets combined; equal sets have equal hashes.
 */
export class MuHash3072 {
  readonly #added = new LazyProduct();
  readonly #removed = new LazyProduct();
  readonly #element = new Expander();

  add(data: Uint8Array): this {
    this.#added.multiply(this.#element.of(data));
    return this;
  }

  /** The inverse of add; the element need not have been added yet. */
  remove(data: Uint8Array): this {
    this.#removed.multiply(this.#element.of(data));
    return this;
  }

  /** Adds what `other` added and removes what it removed: the hash of both sets' union when they share no element. */
  combine(other: MuHash3072): this {
    this.#added.multiply(other.#added.reduced);
    this.#removed.multiply(other.#removed.reduced);
    return this;
  }

  /** SHA-256 of the product as 384 bytes little-endian: 32 bytes, displayed reversed as a uint256. May be asked at any time. */
  digest(): Uint8Array {
    const product = (this.#added.reduced * inverse(this.#removed.reduced)) % MODULUS;
    return sha256(littleEndian(product));
  }
}

/** Makes elements of data, with memory of its own to do it in. */
class Expander {
  readonly #view = new DataView(new ArrayBuffer(ELEMENT_BYTES));

  /** A number below 2^3072. */
  of(data: Uint8Array): bigint {
    const view = this.#view;
    chacha20Keystream(sha256(data), view);
    let n = 0n;
    // 32 bytes at a time: long numbers are moved less often.
    for (let at = ELEMENT_BYTES - 32; at >= 0; at -= 32) {
      const low = view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n);
      const high = view.getBigUint64(at + 16, true) | (view.getBigUint64(at + 24, true) << 64n);
      n = (n << 256n) | (high << 128n) | low;
    }
    return n;
  }
}

/** Modulo MODULUS by the extended Euclidean algorithm; about a millisecond. 0, which no element is in practice, gives 0. */
function inverse(n: bigint): bigint {
  let [r0, r1] = [MODULUS, n];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return t0 < 0n ? t0 + MODULUS : t0;
}

function littleEndian(n: bigint): Uint8Array {
  const out = new Uint8Array(ELEMENT_BYTES);
  const view = new DataView(out.buffer);
  let rest = n;
  for (let at = 0; at < ELEMENT_BYTES; at += 8) {
    view.setBigUint64(at, BigInt.asUintN(64, rest), true);
    rest >>= 64n;
  }
  return out;
}
