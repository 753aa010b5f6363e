/** Numbers from a seed: the same on every machine (xorshift32 on a mixed state). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = mix(seed) || 1;
  }

  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … n - 1. */
  below(n: number): number {
    return this.u32() % n;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

function mix(n: number): number {
  let x = n | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** The dice of input `index` for the target of that name: every input can be made again alone. */
export function diceFor(seed: number, name: string, index: number): Dice {
  let h = mix(seed);
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return new Dice(mix(h) ^ Math.imul(index + 1, 0x9e3779b1));
}

const MAX_RANDOM = 300;

function random(dice: Dice): Uint8Array {
  const bytes = new Uint8Array(dice.below(MAX_RANDOM));
  for (let i = 0; i < bytes.length; i++) bytes[i] = dice.u32() >>> 24;
  return bytes;
}

/** Length fields that claim too much, or are longer than they need to be. */
const LIES: readonly (readonly number[])[] = [
  [0xfc],
  [0xfd, 0xff, 0xff],
  [0xfd, 0x00, 0x00],
  [0xfe, 0x00, 0x00, 0x00, 0x02],
  [0xfe, 0xff, 0xff, 0xff, 0x7f],
  [0xfe, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
];

/** The sample with `put` written over or between its bytes at a random place. */
function written(sample: Uint8Array, put: readonly number[] | Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(sample.length + 1);
  const rest = sample.subarray(dice.below(2) === 0 ? at : Math.min(sample.length, at + 1));
  const out = new Uint8Array(at + put.length + rest.length);
  out.set(sample.subarray(0, at));
  out.set(put, at);
  out.set(rest, at + put.length);
  return out;
}

function flipped(sample: Uint8Array, dice: Dice): Uint8Array {
  const out = sample.slice();
  if (out.length === 0) return out;
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const at = dice.below(out.length);
    out[at] = (out[at] as number) ^ (1 << dice.below(8));
  }
  return out;
}

/** A piece of another sample in the middle of this one. */
function spliced(a: Uint8Array, b: Uint8Array, dice: Dice): Uint8Array {
  const from = dice.below(b.length + 1);
  return written(a, b.subarray(from, from + dice.below(64)), dice);
}

/** One input: a valid encoding as it is, cut, flipped, lying about a length, mixed with another; or random bytes. */
export function generate(samples: readonly Uint8Array[], dice: Dice): Uint8Array {
  const sample = dice.pick(samples);
  switch (dice.below(8)) {
    case 0:
      return random(dice);
    case 1:
      return sample.slice(0, dice.below(sample.length + 1));
    case 2:
    case 3:
      return flipped(sample, dice);
    case 4:
      return written(sample, dice.pick(LIES), dice);
    case 5:
      return written(flipped(sample, dice), dice.pick(LIES), dice);
    case 6:
      return spliced(sample, dice.pick(samples), dice);
    default:
      return dice.below(4) === 0 ? sample.slice() : flipped(spliced(sample, sample, dice), dice);
  }
}
