/**
 * SipHash-2-4 with 64-bit state words kept as pairs of 32-bit numbers, because it runs once per transaction or script and
 * 64-bit arithmetic on bigint is some thirty times slower.
 */
class SipState {
  // Pairs [low, high] of v0 … v3.
  readonly v = new Int32Array(8);

  constructor(k0: bigint, k1: bigint) {
    const set = (i: number, n: bigint): void => {
      this.v[2 * i] = Number(BigInt.asIntN(32, n));
      this.v[2 * i + 1] = Number(BigInt.asIntN(32, n >> 32n));
    };
    set(0, k0 ^ 0x736f6d6570736575n);
    set(1, k1 ^ 0x646f72616e646f6dn);
    set(2, k0 ^ 0x6c7967656e657261n);
    set(3, k1 ^ 0x7465646279746573n);
  }

  /** v[a] += v[b] */
  #add(a: number, b: number): void {
    const v = this.v;
    const low = ((v[a] as number) >>> 0) + ((v[b] as number) >>> 0);
    v[a + 1] = (v[a + 1] as number) + (v[b + 1] as number) + (low > 0xffffffff ? 1 : 0);
    v[a] = low;
  }

  /** v[a] = rotl(v[a], bits) ^ v[b], for 0 < bits < 32. */
  #rotateXor(a: number, bits: number, b: number): void {
    const v = this.v;
    const low = v[a] as number;
    const high = v[a + 1] as number;
    v[a] = ((low << bits) | (high >>> (32 - bits))) ^ (v[b] as number);
    v[a + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (v[b + 1] as number);
  }

  /** v[a] = rotl(v[a], 32) */
  #swap(a: number): void {
    const low = this.v[a] as number;
    this.v[a] = this.v[a + 1] as number;
    this.v[a + 1] = low;
  }

  round(): void {
    this.#add(0, 2);
    this.#rotateXor(2, 13, 0);
    this.#swap(0);
    this.#add(4, 6);
    this.#rotateXor(6, 16, 4);
    this.#add(0, 6);
    this.#rotateXor(6, 21, 0);
    this.#add(4, 2);
    this.#rotateXor(2, 17, 4);
    this.#swap(4);
  }

  /** Mixes in one 64-bit word. */
  word(low: number, high: number): void {
    const v = this.v;
    v[6] = (v[6] as number) ^ low;
    v[7] = (v[7] as number) ^ high;
    this.round();
    this.round();
    v[0] = (v[0] as number) ^ low;
    v[1] = (v[1] as number) ^ high;
  }

  finish(): bigint {
    const v = this.v;
    v[4] = (v[4] as number) ^ 0xff;
    for (let i = 0; i < 4; i++) this.round();
    const half = (i: number): number =>
      ((v[i] as number) ^ (v[2 + i] as number) ^ (v[4 + i] as number) ^ (v[6 + i] as number)) >>> 0;
    return (BigInt(half(1)) << 32n) | BigInt(half(0));
  }
}

/** SipHash-2-4 of `data` under the 128-bit key k0 ‖ k1 (each a little-endian 64-bit word): a 64-bit number. */
export function siphash24(k0: bigint, k1: bigint, data: Uint8Array): bigint {
  const state = new SipState(k0, k1);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const whole = data.length & ~7;
  for (let at = 0; at < whole; at += 8) state.word(view.getInt32(at, true), view.getInt32(at + 4, true));
  let low = 0;
  let high = (data.length & 0xff) << 24;
  for (let i = 0; whole + i < data.length; i++) {
    const byte = data[whole + i] as number;
    if (i < 4) low |= byte << (8 * i);
    else high |= byte << (8 * (i - 4));
  }
  state.word(low, high);
  return state.finish();
}
