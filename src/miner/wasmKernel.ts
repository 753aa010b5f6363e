import { IV } from '../crypto/sha256Words.ts';
import * as asm from '../crypto/wasm/assembler.ts';
import { wasmEngine } from '../crypto/wasm/engine.ts';
import { PADDING_OF_32, SHA256_LOCALS, Sha256Emitter, type Word } from '../crypto/wasm/sha256Emitter.ts';
import { ConstantPool, LOAD_SPLAT, SPLAT, swapLanes, vectorWords } from '../crypto/wasm/words.ts';
import { assert } from '../util/assert.ts';
import { HeaderHasher, littleEndianWords, type MakeKernel, midstateOf } from './powKernel.ts';

/**
 * SHA256d of four nonces at a time with WebAssembly SIMD. The module is assembled here, with all rounds unrolled and
 * constant words folded. It compares only the most significant word of the digest with the target's; candidates are judged
 * in full by the JavaScript hasher.
 *
 * Memory: 0 midstate (8 words) · 32 the three words before the nonce · 44 most significant word of the target · 48 constants.
 */
const START = 0;
const COUNT = 1;
const INDEX = 2;
const FIRST_VECTOR = 3;
const TEMP = FIRST_VECTOR + SHA256_LOCALS;
const MIDSTATE = 0;
const TAIL = 32;
const TARGET = 44;
const CONSTANTS = 48;

const LESS_OR_EQUAL = [0xfd, 0x3e];
const ANY_TRUE = [0xfd, 0x53];
const BITMASK = [0xfd, 0xa4, 0x01];
const TRAILING_ZEROS = [0x68];
const RETURN = [0x0f];
const NONCE_OFFSETS = [0xfd, 0x0c, ...[0, 1, 2, 3].flatMap((n) => [n, 0, 0, 0])];
const loadSplat = (address: number): asm.Code => [...asm.i32(0), ...LOAD_SPLAT(address)];

/** After the nonce, which is word 3 of a header's second block: padding of 80 bytes. */
const AFTER_NONCE: readonly Word[] = [0x80000000 | 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 640].map((constant) => ({
  constant,
}));

function scanBody(pool: ConstantPool): Uint8Array {
  const ops = vectorWords(pool);
  const s = new Sha256Emitter(ops, FIRST_VECTOR).emit(asm.LOOP);
  for (let i = 0; i < 8; i++) s.emit(loadSplat(MIDSTATE + 4 * i), asm.set(s.stateLocal(i)));
  for (let i = 0; i < 3; i++) s.emit(loadSplat(TAIL + 4 * i), asm.set(s.wordLocal(i)));
  s.emit(asm.get(START), asm.get(INDEX), asm.ADD, SPLAT, NONCE_OFFSETS, ops.add, asm.set(TEMP));
  s.emit(swapLanes(TEMP), asm.set(s.wordLocal(3)));
  s.useWords((i) => AFTER_NONCE[i - 4]).rounds();
  for (let i = 0; i < 8; i++)
    s.emit(asm.get(s.stateLocal(i)), loadSplat(MIDSTATE + 4 * i), ops.add, asm.set(s.wordLocal(i)));
  // The digest's last word is IV[7] + e after round 60: three rounds fewer.
  s.initialState()
    .useWords((i) => PADDING_OF_32[i - 8])
    .rounds(60);
  s.emit(asm.get(s.stateLocal(4)), ops.constant(IV[7] as number), ops.add, asm.set(TEMP));
  s.emit(swapLanes(TEMP), loadSplat(TARGET), LESS_OR_EQUAL, asm.tee(TEMP));
  // if any lane is at most the target: return INDEX + number of the first such lane
  s.emit(ANY_TRUE, asm.IF, asm.get(INDEX), asm.get(TEMP), BITMASK, TRAILING_ZEROS, asm.ADD, RETURN, asm.END);
  s.emit(asm.increase(INDEX, 4), asm.get(INDEX), asm.get(COUNT), asm.LESS_UNSIGNED, asm.branchIf(0));
  return s.emit(asm.END, asm.i32(-1)).code;
}

/** The module: exports memory "m" and "scan"(start, count) → offset of the first candidate from start, or -1. */
export function assembleScanModule(): Uint8Array {
  const pool = new ConstantPool(CONSTANTS);
  const code = scanBody(pool);
  const scan: asm.Fn = { params: 2, returns: true, locals: 1, vectors: SHA256_LOCALS + 1, code, exportAs: 'scan' };
  return asm.assembleModule({ pages: 1, functions: [scan], data: [pool.data()] });
}

interface ScanExports {
  readonly m: { readonly buffer: ArrayBuffer };
  scan(start: number, count: number): number;
}

let compiled: object | undefined;

/** True where the kernel can run. */
export function wasmKernelWorks(): boolean {
  return wasmEngine()?.validate(assembleScanModule()) === true;
}

/** WebAssembly SIMD; several times the speed of the JavaScript one. */
export const wasmKernel: MakeKernel = (header80, target) => {
  const wasm = wasmEngine();
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
