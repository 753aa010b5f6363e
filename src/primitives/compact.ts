/** Compact ("nBits") targets, exactly as Bitcoin Core's arith_uint256::SetCompact / GetCompact. */

/** The 256-bit number that `bits` encodes, with the sign and overflow flags that make it invalid as a target. */
export function decodeCompact(bits: number): {
  readonly target: bigint;
  readonly negative: boolean;
  readonly overflow: boolean;
} {
  const size = bits >>> 24;
  let word = bits & 0x007fffff;
  let target: bigint;
  if (size <= 3) {
    word >>>= 8 * (3 - size);
    target = BigInt(word);
  } else {
    target = BigInt(word) << BigInt(8 * (size - 3));
  }
  const negative = word !== 0 && (bits & 0x00800000) !== 0;
  const overflow = word !== 0 && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32));
  return { target: target & ((1n << 256n) - 1n), negative, overflow };
}

/** Compact form of a target of at most 256 bits (rounds down to 23 bits of mantissa). */
export function encodeCompact(target: bigint): number {
  let size = Math.ceil(target.toString(2).length / 8);
  if (target === 0n) size = 0;
  let word = size <= 3 ? Number(target << BigInt(8 * (3 - size))) : Number(target >> BigInt(8 * (size - 3)));
  if ((word & 0x00800000) !== 0) {
    word >>>= 8;
    size++;
  }
  return ((size << 24) | word) >>> 0;
}

/** The target, or undefined when `bits` is zero, negative, overflows or lies above `limit`. */
export function targetOf(bits: number, limit: bigint): bigint | undefined {
  const { target, negative, overflow } = decodeCompact(bits);
  return negative || overflow || target === 0n || target > limit ? undefined : target;
}

/** Expected hashes for a block of these bits: 2^256 / (target + 1); 0 for an invalid target. */
export function workOf(bits: number): bigint {
  const { target, negative, overflow } = decodeCompact(bits);
  if (negative || overflow || target === 0n) return 0n;
  return (1n << 256n) / (target + 1n);
}

/** The 256-bit number that a hash (internal byte order, little-endian) is compared as. */
export function hashToNumber(hash: Uint8Array): bigint {
  let n = 0n;
  for (let i = 31; i >= 0; i--) n = (n << 8n) | BigInt(hash[i] as number);
  return n;
}

/** Difficulty as RPC prints it: how many times harder than bits 0x1d00ffff (Bitcoin Core GetDifficulty). */
export function difficultyOf(bits: number): number {
  let shift = (bits >>> 24) & 0xff;
  let difficulty = 0x0000ffff / (bits & 0x00ffffff);
  for (; shift < 29; shift++) difficulty *= 256;
  for (; shift > 29; shift--) difficulty /= 256;
  return difficulty;
}
