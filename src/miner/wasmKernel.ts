import { assert } from '../util/assert.ts';
import { HeaderHasher, littleEndianWords, type MakeKernel, midstateOf } from './powKernel.ts';
import { IV, K } from './sha256Words.ts';

/**
 * SHA256d of four nonces at a time with WebAssembly SIMD. The module is assembled here, instruction by instruction, with
 * all rounds unrolled and constant words folded. It compares only the most significant word of the digest with the
 * target's; candidates are judged in full by the JavaScript hasher.
 *
 * Memory: 0 midstate (8 words) · 32 the three words before the nonce · 44 most significant word of the target.
 */

/** A vector of four words: one constant in all lanes, or a local variable. */
type Value = { readonly constant: number } | { readonly local: number };

const START = 0;
const COUNT = 1;
const INDEX = 2;
const FIRST_VECTOR = 3;
const STATE = FIRST_VECTOR;
const WORDS = STATE + 8;
const TEMP = WORDS + 16;
const VECTORS = TEMP + 2 - FIRST_VECTOR;
const SWAP_LANES = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

function unsignedLeb(n: number): number[] {
  const out: number[] = [];
  let left = n >>> 0;
  for (; left > 0x7f; left >>>= 7) out.push((left & 0x7f) | 0x80);
  out.push(left);
  return out;
}

function vectorConst(x: number): number[] {
  const lane = [x & 0xff, (x >>> 8) & 0xff, (x >>> 16) & 0xff, x >>> 24];
  return [0xfd, 0x0c, ...lane, ...lane, ...lane, ...lane];
}

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
const load = (value: Value): number[] => ('constant' in value ? vectorConst(value.constant) : get(value.local));
const loadSplat = (address: number): number[] => [0x41, 0, 0xfd, 0x09, 2, address];
const ADD = [0xfd, 0xae, 0x01];
const XOR = [0xfd, 0x51];
const OR = [0xfd, 0x50];
const SELECT = [0xfd, 0x52];
const SWAP = [0xfd, 0x0c, ...SWAP_LANES, 0xfd, 0x0e];
const shiftLeft = (n: number): number[] => [0x41, n, 0xfd, 0xab, 0x01];
const shiftRight = (n: number): number[] => [0x41, n, 0xfd, 0xad, 0x01];
const rotate = (local: number, n: number): number[] => [
  ...get(local),
  ...shiftRight(n),
  ...get(local),
  ...shiftLeft(32 - n),
  ...OR,
];

/** Emits code; keeps which of the sixteen schedule words are constants at the moment. */
class Sha256Emitter {
  readonly code: number[] = [];
  /** Names of a…h: rotated instead of moving values. */
  readonly vars = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => STATE + i);
  readonly words: Value[] = [];

  emit(...parts: readonly number[][]): void {
    for (const part of parts) for (const byte of part) this.code.push(byte);
  }

  /** Pushes σ(x) = rotr(x, r1) ^ rotr(x, r2) ^ (x >>> shift). */
  #smallSigma(value: Value, r1: number, r2: number, shift: number): void {
    if ('constant' in value) {
      const x = value.constant;
      const rot = (n: number): number => (x >>> n) | (x << (32 - n));
      this.emit(vectorConst(rot(r1) ^ rot(r2) ^ (x >>> shift)));
      return;
    }
    const x = value.local;
    this.emit(rotate(x, r1), rotate(x, r2), XOR, get(x), shiftRight(shift), XOR);
  }

  #schedule(t: number): void {
    const at = (back: number): Value => this.words[(t - back) & 15] as Value;
    this.#smallSigma(at(15), 7, 18, 3);
    this.#smallSigma(at(2), 17, 19, 10);
    this.emit(ADD);
    for (const back of [16, 7]) {
      const value = at(back);
      if ('constant' in value && value.constant === 0) continue;
      this.emit(load(value), ADD);
    }
    const local = WORDS + (t & 15);
    this.emit(set(local));
    this.words[t & 15] = { local };
  }

  /** Rounds 0 … last. After the last one only e is made: it is all that the digest's last word needs. */
  rounds(last: number): void {
    for (let t = 0; t <= last; t++) {
      if (t >= 16) this.#schedule(t);
      const [a, b, c, d, e, f, g, h] = this.vars as [number, number, number, number, number, number, number, number];
      const word = this.words[t & 15] as Value;
      const k = K[t] as number;
      this.emit(get(h), rotate(e, 6), rotate(e, 11), XOR, rotate(e, 25), XOR, ADD);
      this.emit(get(f), get(g), get(e), SELECT, ADD);
      if ('constant' in word) this.emit(vectorConst((k + word.constant) | 0), ADD);
      else this.emit(vectorConst(k), ADD, get(word.local), ADD);
      this.emit(tee(TEMP), get(d), ADD, set(d));
      this.emit(get(TEMP), rotate(a, 2), rotate(a, 13), XOR, rotate(a, 22), XOR, ADD);
      this.emit(get(c), get(a), get(a), get(b), XOR, SELECT, ADD, set(h));
      this.vars.unshift(this.vars.pop() as number);
    }
  }
}

function scanBody(): number[] {
  const s = new Sha256Emitter();
  for (let i = 0; i < 8; i++) s.emit(loadSplat(4 * i), set(STATE + i));
  for (let i = 0; i < 3; i++) s.emit(loadSplat(32 + 4 * i), set(WORDS + i));
  const lanes = [0xfd, 0x0c, ...[0, 1, 2, 3].flatMap((n) => [n, 0, 0, 0])];
  s.emit(get(START), get(INDEX), [0x6a, 0xfd, 0x11], lanes, ADD, SWAP, set(WORDS + 3));
  for (let i = 0; i < 16; i++) {
    s.words[i] = i < 4 ? { local: WORDS + i } : { constant: i === 4 ? 0x80000000 | 0 : i === 15 ? 640 : 0 };
  }
  s.rounds(63);
  for (let i = 0; i < 8; i++) s.emit(get(s.vars[i] as number), loadSplat(4 * i), ADD, set(WORDS + i));
  for (let i = 0; i < 8; i++) s.emit(vectorConst(IV[i] as number), set(s.vars[i] as number));
  for (let i = 0; i < 16; i++) {
    s.words[i] = i < 8 ? { local: WORDS + i } : { constant: i === 8 ? 0x80000000 | 0 : i === 15 ? 256 : 0 };
  }
  // The digest's last word is IV[7] + e after round 60: three rounds fewer.
  s.rounds(60);
  s.emit(get(s.vars[4] as number), vectorConst(IV[7] as number), ADD, SWAP, loadSplat(44), [0xfd, 0x3e], tee(TEMP));
  // if any lane is at most the target: return INDEX + number of the first such lane
  s.emit([0xfd, 0x53, 0x04, 0x40], get(INDEX), get(TEMP), [0xfd, 0xa4, 0x01, 0x68, 0x6a, 0x0f, 0x0b]);
  const next = [...get(INDEX), 0x41, 4, 0x6a, ...tee(INDEX), ...get(COUNT), 0x49, 0x0d, 0];
  // loop { hash four; INDEX += 4; while INDEX < COUNT }; return -1
  return [0x03, 0x40, ...s.code, ...next, 0x0b, 0x41, 0x7f];
}

function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...unsignedLeb(bytes.length), ...bytes];
}

/** The module: exports memory "m" and "scan"(start, count) → offset of the first candidate from start, or -1. */
export function assembleScanModule(): Uint8Array {
  const body = [2, 1, 0x7f, VECTORS, 0x7b, ...scanBody(), 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, 1, 0x6d, 2, 0, 4, 0x73, 0x63, 0x61, 0x6e, 0, 0]),
    ...section(10, [1, ...unsignedLeb(body.length), ...body]),
  ]);
}

/** As much of WebAssembly as is used here; the type-check has no DOM. */
interface Wasm {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}
interface ScanExports {
  readonly m: { readonly buffer: ArrayBuffer };
  scan(start: number, count: number): number;
}
const wasm = (globalThis as { readonly WebAssembly?: Wasm }).WebAssembly;

let compiled: object | undefined;

/** True where the kernel can run. */
export function wasmKernelWorks(): boolean {
  return wasm?.validate(assembleScanModule()) === true;
}

/** WebAssembly SIMD; several times the speed of the JavaScript one. */
export const wasmKernel: MakeKernel = (header80, target) => {
  assert(wasm !== undefined, 'wasmKernelWorks() was asked first');
  compiled ??= new wasm.Module(assembleScanModule());
  const { m, scan } = new wasm.Instance(compiled).exports as ScanExports;
  const mid = midstateOf(header80);
  const words = littleEndianWords(target);
  const memory = new Int32Array(m.buffer);
  memory.set(mid.state, 0);
  memory.set(mid.tail, 8);
  memory[11] = words[7] as number;
  const hasher = new HeaderHasher(mid);
  return {
    name: 'wasm',
    find(start, count) {
      const end = start + count;
      for (let from = start; from < end; ) {
        const offset = scan(from | 0, end - from);
        if (offset < 0) return undefined;
        const nonce = from + offset;
        if (nonce >= end) return undefined;
        if (hasher.meets(nonce, words)) return nonce;
        from = nonce + 1;
      }
      return undefined;
    },
  };
};
