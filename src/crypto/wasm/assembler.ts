/**
 * Just enough of the WebAssembly binary format (core specification, chapter 5) to assemble hash kernels: functions of i32
 * parameters, i32 and v128 locals, one memory, data segments. Instructions are arrays of bytes put together by code.
 */
export type Code = readonly number[];

/** Takes code; for long stretches of it, which arrays would hold at eight times the size. */
export class CodeBuffer {
  #bytes = new Uint8Array(1 << 15);
  #length = 0;

  add(code: Code): void {
    const at = this.#length;
    this.#length = at + code.length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (let i = 0; i < code.length; i++) this.#bytes[at + i] = code[i] as number;
  }

  /** What was added so far: a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

const I32 = 0x7f;
const V128 = 0x7b;

export function unsignedLeb(n: number): number[] {
  const out: number[] = [];
  let left = n >>> 0;
  for (; left > 0x7f; left >>>= 7) out.push((left & 0x7f) | 0x80);
  out.push(left);
  return out;
}

function signedLeb(n: number): number[] {
  const out: number[] = [];
  let left = n | 0;
  for (;;) {
    const low = left & 0x7f;
    left >>= 7;
    if ((left === 0 && low < 0x40) || (left === -1 && low >= 0x40)) {
      out.push(low);
      return out;
    }
    out.push(low | 0x80);
  }
}

export const get = (local: number): Code => [0x20, local];
export const set = (local: number): Code => [0x21, local];
export const tee = (local: number): Code => [0x22, local];
export const call = (fn: number): Code => [0x10, fn];
export const i32 = (x: number): Code => [0x41, ...signedLeb(x)];
export const END: Code = [0x0b];
/** Opens a block that is left with `branchIf` or ended with END; yields nothing. */
export const BLOCK: Code = [0x02, 0x40];
/** Opens a loop: `branchIf(0)` inside goes back to its start. */
export const LOOP: Code = [0x03, 0x40];
export const IF: Code = [0x04, 0x40];
export const branch = (depth: number): Code => [0x0c, depth];
export const branchIf = (depth: number): Code => [0x0d, depth];

/** Instructions on i32. */
export const LESS_SIGNED: Code = [0x48];
export const LESS_UNSIGNED: Code = [0x49];
export const ADD: Code = [0x6a];
export const SUB: Code = [0x6b];
export const AND: Code = [0x71];
export const OR: Code = [0x72];
export const XOR: Code = [0x73];
export const shiftLeft = (n: number): Code => [0x41, n, 0x74];
export const shiftRight = (n: number): Code => [0x41, n, 0x76];
export const rotateLeft = (n: number): Code => [0x41, n, 0x77];
export const rotateRight = (n: number): Code => [0x41, n, 0x78];
/** The address is on the stack, `offset` is added. Little-endian, any alignment. */
export const load = (offset: number): Code => [0x28, 0, ...unsignedLeb(offset)];
export const store = (offset: number): Code => [0x36, 0, ...unsignedLeb(offset)];
/** local += n */
export const increase = (local: number, n: number): Code => [...get(local), ...i32(n), ...ADD, ...set(local)];

/** Instructions on i64. */
export const EQZ_LONG: Code = [0x50];
export const OR_LONG: Code = [0x84];
export const XOR_LONG: Code = [0x85];
export const long = (x: number): Code => [0x42, ...signedLeb(x)];
export const loadLong = (offset: number): Code => [0x29, 0, ...unsignedLeb(offset)];
export const storeLong = (offset: number): Code => [0x37, 0, ...unsignedLeb(offset)];

/** One function: i32 parameters come first among the locals, then i32 locals, then v128 locals. */
export interface Fn {
  readonly params: number;
  readonly returns?: boolean;
  readonly locals?: number;
  readonly vectors?: number;
  readonly code: Code | Uint8Array;
  readonly exportAs?: string;
}

/** What a module consists of. Functions are called by their place in the list. */
export interface ModuleParts {
  /** Memory of this many 64 KiB pages, exported as "m"; it never grows. */
  readonly pages: number;
  readonly functions: readonly Fn[];
  readonly data: readonly Segment[];
}

/** Bytes that are put at `at` when the module is instantiated. */
export interface Segment {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes of a section or of the module, in parts: long ones are copied once, at the end. */
type Parts = (Code | Uint8Array)[];

const sizeOf = (parts: Parts): number => parts.reduce((sum, part) => sum + part.length, 0);

function section(id: number, parts: Parts): Parts {
  return [[id, ...unsignedLeb(sizeOf(parts))], ...parts];
}

function body(fn: Fn): Parts {
  const groups: Code[] = [];
  if (fn.locals !== undefined) groups.push([...unsignedLeb(fn.locals), I32]);
  if (fn.vectors !== undefined) groups.push([...unsignedLeb(fn.vectors), V128]);
  const head = [groups.length, ...groups.flat()];
  return [unsignedLeb(head.length + fn.code.length + END.length), head, fn.code, END];
}

const segment = ({ at, bytes }: Segment): Parts => [[0, ...i32(at), ...END, ...unsignedLeb(bytes.length)], bytes];

const nameBytes = (text: string): number[] => [text.length, ...Array.from(text, (c) => c.charCodeAt(0))];

const signature = ({ params, returns }: Fn): Code => [
  ...[0x60, params, ...Array<number>(params).fill(I32)],
  ...(returns === true ? [1, I32] : [0]),
];

/** The module's bytes. */
export function assembleModule({ pages, functions, data }: ModuleParts): Uint8Array {
  const count = unsignedLeb(functions.length);
  const exported = functions.flatMap(({ exportAs }, i) =>
    exportAs === undefined ? [] : [[...nameBytes(exportAs), 0, ...unsignedLeb(i)]],
  );
  const parts: Parts = [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [count, ...functions.map(signature)]),
    ...section(3, [count, ...functions.map((_, i) => unsignedLeb(i))]),
    ...section(5, [[1, 1, ...unsignedLeb(pages), ...unsignedLeb(pages)]]),
    ...section(7, [unsignedLeb(exported.length + 1), [...nameBytes('m'), 2, 0], ...exported]),
    ...section(10, [count, ...functions.flatMap(body)]),
    ...section(11, [unsignedLeb(data.length), ...data.flatMap(segment)]),
  ];
  const module = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of parts) {
    module.set(part, at);
    at += part.length;
  }
  return module;
}
