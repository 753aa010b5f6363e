/** "expand 32-byte k" as four little-endian words. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/**
 * ChaCha20 keystream (RFC 8439 §2.4) with a nonce of zeros and a block counter that starts at 0.
 * In: key, 32 bytes; out: filled with keystream, its length a multiple of 64 bytes, at most 2^32 blocks.
 */
export function chacha20Keystream(key: Uint8Array, out: DataView): void {
  if (key.length !== 32) throw new RangeError(`chacha20: the key has ${key.length} bytes, not 32`);
  if (out.byteLength % 64 !== 0) throw new RangeError(`chacha20: ${out.byteLength} bytes are no whole blocks`);
  const k = new DataView(key.buffer, key.byteOffset, 32);
  const k0 = k.getInt32(0, true);
  const k1 = k.getInt32(4, true);
  const k2 = k.getInt32(8, true);
  const k3 = k.getInt32(12, true);
  const k4 = k.getInt32(16, true);
  const k5 = k.getInt32(20, true);
  const k6 = k.getInt32(24, true);
  const k7 = k.getInt32(28, true);
  for (let at = 0, counter = 0; at < out.byteLength; at += 64, counter++) {
    let a0: number = SIGMA[0];
    let a1: number = SIGMA[1];
    let a2: number = SIGMA[2];
    let a3: number = SIGMA[3];
    let b0 = k0;
    let b1 = k1;
    let b2 = k2;
    let b3 = k3;
    let c0 = k4;
    let c1 = k5;
    let c2 = k6;
    let c3 = k7;
    let d0 = counter;
    let d1 = 0;
    let d2 = 0;
    let d3 = 0;
    for (let round = 0; round < 10; round++) {
      // Four quarter rounds on columns, then four on diagonals, written out: the state stays in registers.
      a0 = (a0 + b0) | 0;
      d0 ^= a0;
      d0 = (d0 << 16) | (d0 >>> 16);
      c0 = (c0 + d0) | 0;
      b0 ^= c0;
      b0 = (b0 << 12) | (b0 >>> 20);
      a0 = (a0 + b0) | 0;
      d0 ^= a0;
      d0 = (d0 << 8) | (d0 >>> 24);
      c0 = (c0 + d0) | 0;
      b0 ^= c0;
      b0 = (b0 << 7) | (b0 >>> 25);

      a1 = (a1 + b1) | 0;
      d1 ^= a1;
      d1 = (d1 << 16) | (d1 >>> 16);
      c1 = (c1 + d1) | 0;
      b1 ^= c1;
      b1 = (b1 << 12) | (b1 >>> 20);
      a1 = (a1 + b1) | 0;
      d1 ^= a1;
      d1 = (d1 << 8) | (d1 >>> 24);
      c1 = (c1 + d1) | 0;
      b1 ^= c1;
      b1 = (b1 << 7) | (b1 >>> 25);

      a2 = (a2 + b2) | 0;
      d2 ^= a2;
      d2 = (d2 << 16) | (d2 >>> 16);
      c2 = (c2 + d2) | 0;
      b2 ^= c2;
      b2 = (b2 << 12) | (b2 >>> 20);
      a2 = (a2 + b2) | 0;
      d2 ^= a2;
      d2 = (d2 << 8) | (d2 >>> 24);
      c2 = (c2 + d2) | 0;
      b2 ^= c2;
      b2 = (b2 << 7) | (b2 >>> 25);

      a3 = (a3 + b3) | 0;
      d3 ^= a3;
      d3 = (d3 << 16) | (d3 >>> 16);
      c3 = (c3 + d3) | 0;
      b3 ^= c3;
      b3 = (b3 << 12) | (b3 >>> 20);
      a3 = (a3 + b3) | 0;
      d3 ^= a3;
      d3 = (d3 << 8) | (d3 >>> 24);
      c3 = (c3 + d3) | 0;
      b3 ^= c3;
      b3 = (b3 << 7) | (b3 >>> 25);

      a0 = (a0 + b1) | 0;
      d3 ^= a0;
      d3 = (d3 << 16) | (d3 >>> 16);
      c2 = (c2 + d3) | 0;
      b1 ^= c2;
      b1 = (b1 << 12) | (b1 >>> 20);
      a0 = (a0 + b1) | 0;
      d3 ^= a0;
      d3 = (d3 << 8) | (d3 >>> 24);
      c2 = (c2 + d3) | 0;
      b1 ^= c2;
      b1 = (b1 << 7) | (b1 >>> 25);

      a1 = (a1 + b2) | 0;
      d0 ^= a1;
      d0 = (d0 << 16) | (d0 >>> 16);
      c3 = (c3 + d0) | 0;
      b2 ^= c3;
      b2 = (b2 << 12) | (b2 >>> 20);
      a1 = (a1 + b2) | 0;
      d0 ^= a1;
      d0 = (d0 << 8) | (d0 >>> 24);
      c3 = (c3 + d0) | 0;
      b2 ^= c3;
      b2 = (b2 << 7) | (b2 >>> 25);

      a2 = (a2 + b3) | 0;
      d1 ^= a2;
      d1 = (d1 << 16) | (d1 >>> 16);
      c0 = (c0 + d1) | 0;
      b3 ^= c0;
      b3 = (b3 << 12) | (b3 >>> 20);
      a2 = (a2 + b3) | 0;
      d1 ^= a2;
      d1 = (d1 << 8) | (d1 >>> 24);
      c0 = (c0 + d1) | 0;
      b3 ^= c0;
      b3 = (b3 << 7) | (b3 >>> 25);

      a3 = (a3 + b0) | 0;
      d2 ^= a3;
      d2 = (d2 << 16) | (d2 >>> 16);
      c1 = (c1 + d2) | 0;
      b0 ^= c1;
      b0 = (b0 << 12) | (b0 >>> 20);
      a3 = (a3 + b0) | 0;
      d2 ^= a3;
      d2 = (d2 << 8) | (d2 >>> 24);
      c1 = (c1 + d2) | 0;
      b0 ^= c1;
      b0 = (b0 << 7) | (b0 >>> 25);
    }
    out.setInt32(at, a0 + SIGMA[0], true);
    out.setInt32(at + 4, a1 + SIGMA[1], true);
    out.setInt32(at + 8, a2 + SIGMA[2], true);
    out.setInt32(at + 12, a3 + SIGMA[3], true);
    out.setInt32(at + 16, b0 + k0, true);
    out.setInt32(at + 20, b1 + k1, true);
    out.setInt32(at + 24, b2 + k2, true);
    out.setInt32(at + 28, b3 + k3, true);
    out.setInt32(at + 32, c0 + k4, true);
    out.setInt32(at + 36, c1 + k5, true);
    out.setInt32(at + 40, c2 + k6, true);
    out.setInt32(at + 44, c3 + k7, true);
    out.setInt32(at + 48, d0 + counter, true);
    out.setInt32(at + 52, d1, true);
    out.setInt32(at + 56, d2, true);
    out.setInt32(at + 60, d3, true);
  }
}
