import * as asm from './assembler.ts';

/**
 * 32-bit words as the hash emitters see them: one word in an i32, or four words of four messages in a v128. What takes a
 * `local` pushes its result; the others take their operands from the stack.
 */
export interface WordOps {
  readonly add: asm.Code;
  readonly xor: asm.Code;
  readonly and: asm.Code;
  constant(x: number): asm.Code;
  /** The word in memory at `base` (code that pushes an address) + `offset`; the same word for all messages. */
  load(base: asm.Code, offset: number): asm.Code;
  rotateRight(local: number, n: number): asm.Code;
  shiftRight(local: number, n: number): asm.Code;
  /** Bits of `x` where `by` is one, else of `y`. */
  choose(x: number, y: number, by: number): asm.Code;
}

/** One message. */
export const scalarWords: WordOps = {
  add: asm.ADD,
  xor: asm.XOR,
  and: asm.AND,
  constant: asm.i32,
  load: (base, offset) => base.concat(asm.load(offset)),
  rotateRight: (local, n) => asm.get(local).concat(asm.rotateRight(n)),
  shiftRight: (local, n) => asm.get(local).concat(asm.shiftRight(n)),
  choose: (x, y, by) => asm.get(x).concat(asm.get(y), asm.XOR, asm.get(by), asm.AND, asm.get(y), asm.XOR),
};

/** Instructions on v128, as in the specification's section 5.4.9. */
export const LOAD: (offset: number) => asm.Code = (offset) => [0xfd, 0, 0, ...asm.unsignedLeb(offset)];
export const STORE: (offset: number) => asm.Code = (offset) => [0xfd, 0x0b, 0, ...asm.unsignedLeb(offset)];
export const LOAD_SPLAT: (offset: number) => asm.Code = (offset) => [0xfd, 0x09, 0, ...asm.unsignedLeb(offset)];
export const SPLAT: asm.Code = [0xfd, 0x11];
export const SELECT: asm.Code = [0xfd, 0x52];
const vectorOr: asm.Code = [0xfd, 0x50];
const vectorShiftLeft = (n: number): asm.Code => [0x41, n, 0xfd, 0xab, 0x01];
const vectorShiftRight = (n: number): asm.Code => [0x41, n, 0xfd, 0xad, 0x01];

/** Words as WebAssembly's memory holds them. */
export function littleEndian(words: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  for (const [i, word] of words.entries()) view.setInt32(4 * i, word, true);
  return new Uint8Array(view.buffer);
}

/**
 * Constants of vector code, each kept once in memory as a word. Loading one into all lanes is a single instruction of the
 * processor; a v128.const is built from a general register in three.
 */
export class ConstantPool {
  readonly #at: number;
  readonly #offsets = new Map<number, number>();

  constructor(at: number) {
    this.#at = at;
  }

  /** Address of `x`. */
  address(x: number): number {
    let offset = this.#offsets.get(x | 0);
    if (offset === undefined) {
      offset = 4 * this.#offsets.size;
      this.#offsets.set(x | 0, offset);
    }
    return this.#at + offset;
  }

  /** What the memory must hold. */
  data(): asm.Segment {
    return { at: this.#at, bytes: littleEndian(Int32Array.from(this.#offsets.keys())) };
  }
}

/** Four messages, with constants from `pool`. */
export function vectorWords(pool: ConstantPool): WordOps {
  const shifted = (local: number, n: number): asm.Code => [...asm.get(local), ...vectorShiftRight(n)];
  return {
    add: [0xfd, 0xae, 0x01],
    xor: [0xfd, 0x51],
    and: [0xfd, 0x4e],
    constant: (x) => [...asm.i32(0), ...LOAD_SPLAT(pool.address(x))],
    load: (base, offset) => base.concat(LOAD_SPLAT(offset)),
    rotateRight: (local, n) => [...shifted(local, n), ...asm.get(local), ...vectorShiftLeft(32 - n), ...vectorOr],
    shiftRight: shifted,
    choose: (x, y, by) => [...asm.get(x), ...asm.get(y), ...asm.get(by), ...SELECT],
  };
}

/** A shuffle of the bytes of one or two vectors: which of the 32 goes where. */
export const shuffle = (bytes: readonly number[]): asm.Code => [0xfd, 0x0d, ...bytes];

/** Pushes the vector `local` with the byte order of each word turned. */
export const swapLanes = (local: number): asm.Code => [
  ...[...asm.get(local), ...asm.get(local)],
  ...shuffle([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
];

/** Pushes the i32 `local` with its byte order turned. */
export const swapWord = (local: number): asm.Code => [
  ...[...asm.get(local), ...asm.rotateLeft(8), ...asm.i32(0x00ff00ff), ...asm.AND],
  ...[...asm.get(local), ...asm.rotateRight(8), ...asm.i32(0xff00ff00), ...asm.AND],
  ...asm.OR,
];
