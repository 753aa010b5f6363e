import * as asm from './assembler.ts';
import type { Word } from './sha256Emitter.ts';

/** Initial state of RIPEMD-160 (ISO/IEC 10118-3). */
const INITIAL_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
const STEPS = 80;

/** One of the two lines of 80 steps: constants of its five rounds, order of the message words, rotations. */
interface Line {
  readonly constants: readonly number[];
  readonly order: readonly number[];
  readonly rotations: readonly number[];
}
/** One hexadecimal digit per step. */
const digits = (text: string): number[] => Array.from(text.replaceAll(' ', ''), (c) => Number.parseInt(c, 16));

const LEFT: Line = {
  constants: [0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e],
  order: digits('0123456789abcdef 74d1a6f3c0952eb8 3ae49f812706db5c 19ba08c4d37fe562 40597c2ae138b6fd'),
  rotations: digits('befc5879bdef6798 768db97f7cf9b7dc bd67e9dfe8d65c75 bcefef989e56865c 9f5b68dc5cdeb856'),
};
const RIGHT: Line = {
  constants: [0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0],
  order: digits('5e7092b4d6f81a3c 6b370d5aef8c4912 f5137e69b8c2a04d 86413bf05c2d97ae cfa4158762de039b'),
  rotations: digits('899bdff5778beec6 9df7c89b77c76fdb 97fb866ecd5edd75 f58bee6e69c9c5f8 85c9c5e68d65fdbb'),
};

/** Pushes round function 1 … 5 of x, y, z. */
const FUNCTIONS: readonly ((x: asm.Code, y: asm.Code, z: asm.Code) => asm.Code)[] = [
  (x, y, z) => [...x, ...y, ...asm.XOR, ...z, ...asm.XOR],
  (x, y, z) => [...y, ...z, ...asm.XOR, ...x, ...asm.AND, ...z, ...asm.XOR],
  (x, y, z) => [...y, ...asm.i32(-1), ...asm.XOR, ...x, ...asm.OR, ...z, ...asm.XOR],
  (x, y, z) => [...x, ...y, ...asm.XOR, ...z, ...asm.AND, ...y, ...asm.XOR],
  (x, y, z) => [...z, ...asm.i32(-1), ...asm.XOR, ...y, ...asm.OR, ...x, ...asm.XOR],
];

/** The 80 steps of a line; `vars` are the locals of A…E and are renamed, not moved. `rounds`: index of the function by round. */
function line(which: Line, words: readonly Word[], vars: number[], rounds: readonly number[]): number[] {
  const out: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const round = step >> 4;
    const [a, b, c, d, e] = vars as [number, number, number, number, number];
    const word = words[which.order[step] as number] as Word;
    let constant = which.constants[round] as number;
    out.push(...asm.get(a));
    if ('constant' in word) constant += word.constant;
    else out.push(...asm.get(word.local), ...asm.ADD);
    constant |= 0;
    if (constant !== 0) out.push(...asm.i32(constant), ...asm.ADD);
    const f = FUNCTIONS[rounds[round] as number] as (typeof FUNCTIONS)[number];
    out.push(...f(asm.get(b), asm.get(c), asm.get(d)), ...asm.ADD, ...asm.rotateLeft(which.rotations[step] as number));
    out.push(...asm.get(e), ...asm.ADD, ...asm.set(a));
    out.push(...asm.get(c), ...asm.rotateLeft(10), ...asm.set(c));
    vars.unshift(vars.pop() as number);
  }
  return out;
}

/**
 * RIPEMD-160 of a message of one padded block, whose sixteen little-endian `words` are constants or in locals, into the 20
 * bytes from memory address `to`. Uses ten locals from `first`.
 */
export function ripemd160OneBlock(words: readonly Word[], first: number, to: number): asm.Code {
  const out: number[] = [];
  const left = [0, 1, 2, 3, 4].map((i) => first + i);
  const right = left.map((local) => local + 5);
  for (const vars of [left, right]) {
    for (const [i, local] of vars.entries()) out.push(...asm.i32(INITIAL_STATE[i] as number), ...asm.set(local));
  }
  out.push(...line(LEFT, words, left, [0, 1, 2, 3, 4]), ...line(RIGHT, words, right, [4, 3, 2, 1, 0]));
  for (let i = 0; i < 5; i++) {
    // Word i: initial word i + 1, left line's i + 2, right line's i + 3, all modulo 5.
    out.push(...asm.i32(0), ...asm.i32(INITIAL_STATE[(i + 1) % 5] as number));
    out.push(...asm.get(left[(i + 2) % 5] as number), ...asm.ADD);
    out.push(...asm.get(right[(i + 3) % 5] as number), ...asm.ADD, ...asm.store(to + 4 * i));
  }
  return out;
}
