import { compress, IV, K } from '../sha256Words.ts';
import {
  branchIf,
  type Code,
  CodeBuffer,
  END,
  get,
  i32,
  increase,
  LESS_UNSIGNED,
  LOOP,
  set,
  tee,
} from './assembler.ts';
import type { WordOps } from './words.ts';

/** A schedule word: known while assembling, or in a local. */
export type Word = { readonly constant: number } | { readonly local: number };

/** Locals that rounds take: 8 of state, 16 of schedule, 3 for themselves. */
export const SHA256_LOCALS = 27;

const rotated = (x: number, n: number): number => (x >>> n) | (x << (32 - n));
const constants = (words: readonly number[]): Word[] => words.map((constant) => ({ constant }));

/** What follows the eight words of a digest that is hashed. */
export const PADDING_OF_32: readonly Word[] = constants([0x80000000 | 0, ...Array<number>(6).fill(0), 256]);

/** Round constants plus the schedule of the block that follows a message of 64 bytes, which is all padding. */
export function paddedRoundConstants(): Int32Array {
  const words = new Int32Array(64);
  words[0] = 0x80000000;
  words[15] = 512;
  compress(IV.slice(), words);
  return K.map((k, t) => k + (words[t] as number));
}

/**
 * SHA-256 (FIPS 180-4 §6.2.2) as unrolled code: the schedule in locals, constant words folded, the names of a…h rotated in
 * place of their values.
 */
export class Sha256Emitter {
  readonly #code = new CodeBuffer();
  readonly #ops: WordOps;
  /** Locals of a…h as named now. */
  readonly #vars: number[];
  readonly #wordLocals: number;
  /** The last sixteen schedule words. */
  readonly #words: Word[];
  readonly #temp: number;
  /** Locals of a ^ b and of b ^ c, which was a ^ b one round before. */
  #ab: number;
  #bc: number;

  /** Uses SHA256_LOCALS locals from `first`: state, then words. */
  constructor(ops: WordOps, first: number) {
    this.#ops = ops;
    this.#vars = Array.from({ length: 8 }, (_, i) => first + i);
    this.#words = Array.from({ length: 16 }, (_, i) => ({ local: first + 8 + i }));
    this.#temp = first + 24;
    this.#ab = first + 25;
    this.#bc = first + 26;
    this.#wordLocals = first + 8;
  }

  emit(...parts: readonly Code[]): this {
    for (const part of parts) this.#code.add(part);
    return this;
  }

  /** What was emitted so far. */
  get code(): Uint8Array {
    return this.#code.bytes;
  }

  /** Local of schedule word i (0…15). */
  wordLocal(i: number): number {
    return this.#wordLocals + i;
  }

  /** Local of the state word that is now named i (0 for a … 7 for h). */
  stateLocal(i: number): number {
    return this.#vars[i] as number;
  }

  /** Sets the words: those not given stay in their locals. */
  useWords(words: (i: number) => Word | undefined): this {
    for (let i = 0; i < 16; i++) this.#words[i] = words(i) ?? { local: this.wordLocal(i) };
    return this;
  }

  /** The initial state as constants. */
  initialState(): this {
    for (let i = 0; i < 8; i++) this.emit(this.#ops.constant(IV[i] as number), set(this.stateLocal(i)));
    return this;
  }

  /** Adds the initial state to the one after the rounds. */
  addInitialState(): this {
    for (let i = 0; i < 8; i++) {
      const local = this.stateLocal(i);
      this.emit(get(local), this.#ops.constant(IV[i] as number), this.#ops.add, set(local));
    }
    return this;
  }

  /** Pushes rotr(x, r1) ^ rotr(x, r2) ^ (x >>> shift). */
  #smallSigma(x: number, r1: number, r2: number, shift: number): void {
    const { rotateRight, shiftRight, xor } = this.#ops;
    this.emit(rotateRight(x, r1), rotateRight(x, r2), xor, shiftRight(x, shift), xor);
  }

  /** Pushes rotr(x, r1) ^ rotr(x, r2) ^ rotr(x, r3). */
  #largeSigma(x: number, r1: number, r2: number, r3: number): void {
    const { rotateRight, xor } = this.#ops;
    this.emit(rotateRight(x, r1), rotateRight(x, r2), xor, rotateRight(x, r3), xor);
  }

  /** Makes word t of t − 2, t − 7, t − 15 and t − 16; constant parts are summed here. */
  #schedule(t: number): void {
    let constant = 0;
    let pushed = 0;
    const plus = (): void => {
      if (pushed++ > 0) this.emit(this.#ops.add);
    };
    for (const [back, r1, r2, shift] of [
      [15, 7, 18, 3],
      [2, 17, 19, 10],
    ] as const) {
      const word = this.#words[(t - back) & 15] as Word;
      if ('constant' in word) {
        const x = word.constant;
        constant += rotated(x, r1) ^ rotated(x, r2) ^ (x >>> shift);
      } else {
        this.#smallSigma(word.local, r1, r2, shift);
        plus();
      }
    }
    for (const back of [16, 7]) {
      const word = this.#words[(t - back) & 15] as Word;
      if ('constant' in word) {
        constant += word.constant;
      } else {
        this.emit(get(word.local));
        plus();
      }
    }
    constant |= 0;
    if (pushed === 0) {
      this.#words[t & 15] = { constant };
      return;
    }
    if (constant !== 0) this.emit(this.#ops.constant(constant), this.#ops.add);
    const local = this.wordLocal(t & 15);
    this.emit(set(local));
    this.#words[t & 15] = { local };
  }

  /** b ^ c before the first round. */
  #begin(): void {
    this.emit(get(this.stateLocal(1)), get(this.stateLocal(2)), this.#ops.xor, set(this.#bc));
  }

  /** One round; `addend` pushes constant and word, or what is left of them, and adds. */
  #round(...addend: readonly Code[]): void {
    const { add, and, xor, choose } = this.#ops;
    const [a, b, , d, e, f, g, h] = this.#vars as [number, number, number, number, number, number, number, number];
    this.emit(get(h), ...addend, choose(f, g, e), add);
    this.#largeSigma(e, 6, 11, 25);
    this.emit(add, tee(this.#temp), get(d), add, set(d));
    this.emit(get(this.#temp));
    this.#largeSigma(a, 2, 13, 22);
    // maj(a, b, c) = b ^ ((a ^ b) & (b ^ c))
    this.emit(add, get(a), get(b), xor, tee(this.#ab), get(this.#bc), and, get(b), xor, add, set(h));
    [this.#ab, this.#bc] = [this.#bc, this.#ab];
    this.#vars.unshift(this.#vars.pop() as number);
  }

  /** Rounds 0 … last, all unrolled: for words of which many are constant. */
  rounds(last = 63): this {
    const { add, constant } = this.#ops;
    this.#begin();
    for (let t = 0; t <= last; t++) {
      if (t >= 16) this.#schedule(t);
      const word = this.#words[t & 15] as Word;
      const k = K[t] as number;
      if ('constant' in word) this.#round(constant((k + word.constant) | 0), add);
      else this.#round(constant(k), add, get(word.local), add);
    }
    return this;
  }

  /**
   * All 64 rounds, sixteen of them unrolled twice: as fast as all unrolled, and faster when functions alternate. `table`: address of the 64 round constants; `counter`: an i32 local; `loadWord(t)` puts word t < 16 into
   * its local just before it is needed.
   */
  roundsInLoop(table: number, counter: number, loadWord: (t: number) => Code): this {
    const { add, load } = this.#ops;
    this.#begin();
    for (let t = 0; t < 16; t++) {
      this.emit(loadWord(t));
      this.#round(load(i32(0), table + 4 * t), add, get(this.wordLocal(t)), add);
    }
    this.emit(i32(64), set(counter), LOOP);
    for (let t = 16; t < 32; t++) {
      this.#schedule(t);
      this.#round(load(get(counter), table + 4 * (t - 16)), add, get(this.wordLocal(t & 15)), add);
    }
    return this.emit(increase(counter, 64), get(counter), i32(256), LESS_UNSIGNED, branchIf(0), END);
  }

  /** All 64 rounds over words that are known: `table` holds the sums of round constant and word. */
  knownRoundsInLoop(table: number, counter: number): this {
    this.#begin();
    this.emit(i32(0), set(counter), LOOP);
    for (let t = 0; t < 16; t++) this.#round(this.#ops.load(get(counter), table + 4 * t), this.#ops.add);
    return this.emit(increase(counter, 64), get(counter), i32(256), LESS_UNSIGNED, branchIf(0), END);
  }
}
