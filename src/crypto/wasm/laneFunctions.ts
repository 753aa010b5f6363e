import * as asm from './assembler.ts';
import { DATA, LANE_BLOCKS, LANE_STATE, TABLE } from './layout.ts';
import { PADDING_OF_32, PADDING_OF_64, SHA256_LOCALS, Sha256Emitter } from './sha256Emitter.ts';
import {
  type ConstantPool,
  LOAD,
  SELECT,
  SPLAT,
  STORE,
  shuffle,
  swapLanes,
  vectorWords,
  type WordOps,
} from './words.ts';

const LANES = [0, 1, 2, 3];
const ADD = [0xfd, 0xae, 0x01];
const GREATER = [0xfd, 0x3b];
/** Words 0 (1, 2, 3) and 1 of two vectors, alternating, and the same for words 2 and 3; then pairs of words. */
const LOW_WORDS = shuffle([0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]);
const HIGH_WORDS = shuffle([8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31]);
const LOW_HALVES = shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
const HIGH_HALVES = shuffle([8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]);

const loadState = (i: number): asm.Code => [...asm.i32(0), ...LOAD(LANE_STATE + 16 * i)];

/** Turns rows of four words into columns: vectors `from` … from + 3 into `to` … to + 3, which are others. */
function transpose(from: number, to: number): asm.Code {
  const two = (x: number, y: number, how: asm.Code): asm.Code => [...asm.get(x), ...asm.get(y), ...how];
  return [
    ...[...two(from, from + 1, LOW_WORDS), ...asm.set(to), ...two(from + 2, from + 3, LOW_WORDS), ...asm.set(to + 1)],
    ...[...two(from, from + 1, HIGH_WORDS), ...asm.set(to + 2)],
    ...[...two(from + 2, from + 3, HIGH_WORDS), ...asm.set(to + 3)],
    ...[to, to + 2].flatMap((x) => [
      ...[...two(x, x + 1, LOW_HALVES), ...two(x, x + 1, HIGH_HALVES), ...asm.set(x + 1), ...asm.set(x)],
    ]),
  ];
}

/** Stores the state; with `mode` 'masked' only in the lanes whose bits in local `mask` are set, else with the old one added. */
function toState(s: Sha256Emitter, mode: 'set' | 'add' | { readonly mask: number }): Uint8Array {
  for (let i = 0; i < 8; i++) {
    s.emit(asm.i32(0), asm.get(s.stateLocal(i)));
    if (mode !== 'set') s.emit(loadState(i), ADD);
    if (typeof mode === 'object') s.emit(loadState(i), asm.get(mode.mask), SELECT);
    s.emit(STORE(LANE_STATE + 16 * i));
  }
  return s.code;
}

function fromState(s: Sha256Emitter): Sha256Emitter {
  for (let i = 0; i < 8; i++) s.emit(loadState(i), asm.set(s.stateLocal(i)));
  return s;
}

/** compress(p0, p1, p2, p3, block): lanes that have more than `block` blocks absorb 64 bytes each. */
function compress(ops: WordOps): asm.Fn {
  const params = 5;
  const rows = params + SHA256_LOCALS;
  const mask = rows + 4;
  const s = fromState(new Sha256Emitter(ops, params));
  s.emit(asm.i32(0), LOAD(LANE_BLOCKS), asm.get(4), SPLAT, GREATER, asm.set(mask));
  s.rounds(63, (t) => {
    if (t % 4 !== 0) return [];
    const load = LANES.flatMap((lane) => [
      ...[
        ...asm.get(lane),
        ...LOAD(4 * t),
        ...asm.set(rows + lane),
        ...swapLanes(rows + lane),
        ...asm.set(rows + lane),
      ],
    ]);
    return [...load, ...transpose(rows, s.wordLocal(t))];
  });
  return { params, vectors: SHA256_LOCALS + 5, code: toState(s, { mask }) };
}

/** storeDigests(to0, to1, to2, to3): each lane's state as 32 bytes. */
function storeDigests(): asm.Fn {
  const [rows, columns] = [4, 8];
  const code: number[] = [];
  for (const half of [0, 1]) {
    for (const i of LANES) code.push(...loadState(4 * half + i), ...asm.set(rows + i));
    code.push(...transpose(rows, columns));
    for (const lane of LANES) code.push(...asm.get(lane), ...swapLanes(columns + lane), ...STORE(16 * half));
  }
  return { params: 4, vectors: 8, code };
}

/** Functions that the others call. */
interface Steps {
  readonly start: number;
  readonly compress: number;
  readonly again: number;
  readonly store: number;
}

/** hashPairs(n): each 64 bytes from DATA → 32 bytes from DATA. Three left are hashed with an idle lane, fewer one by one. */
function hashPairs(steps: Steps, padding: number, hashPair: number): asm.Fn {
  const [n, from, to] = [0, 1, 2];
  const plus = (local: number, offset: number): asm.Code => [...asm.get(local), ...asm.i32(offset), ...asm.ADD];
  const code = [
    ...[...asm.i32(DATA), ...asm.tee(from), ...asm.set(to)],
    ...[...asm.i32(0), ...asm.i32(1), ...SPLAT, ...STORE(LANE_BLOCKS)],
    ...[...asm.BLOCK, ...asm.LOOP, ...asm.get(n), ...asm.i32(3), ...asm.LESS_SIGNED, ...asm.branchIf(1)],
    ...[...asm.call(steps.start), ...LANES.flatMap((lane) => plus(from, 64 * lane)), ...asm.i32(0)],
    ...[...asm.call(steps.compress), ...asm.call(padding), ...asm.call(steps.again)],
    ...[...LANES.flatMap((lane) => plus(to, 32 * lane)), ...asm.call(steps.store)],
    ...[...asm.increase(from, 256), ...asm.increase(to, 128), ...asm.increase(n, -4)],
    ...[...asm.branch(0), ...asm.END, ...asm.END],
    ...[...asm.BLOCK, ...asm.LOOP, ...asm.get(n), ...asm.i32(1), ...asm.LESS_SIGNED, ...asm.branchIf(1)],
    ...[...asm.get(from), ...asm.get(to), ...asm.call(hashPair)],
    ...[...asm.increase(from, 64), ...asm.increase(to, 32), ...asm.increase(n, -1)],
    ...[...asm.branch(0), ...asm.END, ...asm.END],
  ];
  return { params: 1, locals: 2, code, exportAs: 'hashPairs' };
}

/** hashEach(groups): the messages of the table, four at a time, each group's longest first. Digests replace the messages. */
function hashEach(steps: Steps): asm.Fn {
  const [groups, entry, block, most] = [0, 1, 2, 3];
  const address = 4;
  const addresses = LANES.flatMap((lane) => asm.get(address + lane));
  const code = [
    ...[...asm.i32(TABLE), ...asm.set(entry), ...asm.LOOP, ...asm.call(steps.start)],
    ...LANES.flatMap((lane) => [
      ...[...asm.get(entry), ...asm.load(8 * lane), ...asm.set(address + lane)],
      ...[...asm.i32(0), ...asm.get(entry), ...asm.load(8 * lane + 4), ...asm.store(LANE_BLOCKS + 4 * lane)],
    ]),
    ...[...asm.get(entry), ...asm.load(4), ...asm.set(most), ...asm.i32(0), ...asm.set(block), ...asm.LOOP],
    ...LANES.flatMap((lane) => [...[...asm.get(address + lane), ...asm.get(block), ...asm.shiftLeft(6), ...asm.ADD]]),
    ...[...asm.get(block), ...asm.call(steps.compress), ...asm.increase(block, 1)],
    ...[...asm.get(block), ...asm.get(most), ...asm.LESS_UNSIGNED, ...asm.branchIf(0), ...asm.END],
    ...[...asm.call(steps.again), ...addresses, ...asm.call(steps.store)],
    ...[...asm.increase(entry, 32), ...asm.increase(groups, -1), ...asm.get(groups), ...asm.branchIf(0), ...asm.END],
  ];
  return { params: 1, locals: 7, code, exportAs: 'hashEach' };
}

/** Adds the functions that hash four messages at a time; returns the place of hashPairs. */
export function addLaneFunctions(add: (fn: asm.Fn) => number, pool: ConstantPool, hashPair: number): number {
  const ops = vectorWords(pool);
  const emitter = (): Sha256Emitter => new Sha256Emitter(ops, 0);
  const vectors = SHA256_LOCALS;
  const padded = fromState(emitter()).useWords((i) => PADDING_OF_64[i]);
  const twice = emitter();
  for (let i = 0; i < 8; i++) twice.emit(loadState(i), asm.set(twice.wordLocal(i)));
  twice.initialState().useWords((i) => PADDING_OF_32[i - 8]);
  const steps: Steps = {
    start: add({ params: 0, vectors, code: toState(emitter().initialState(), 'set') }),
    compress: add(compress(ops)),
    again: add({ params: 0, vectors, code: toState(twice.rounds().addInitialState(), 'set') }),
    store: add(storeDigests()),
  };
  const padding = add({ params: 0, vectors, code: toState(padded.rounds(), 'add') });
  add(hashEach(steps));
  return add(hashPairs(steps, padding, hashPair));
}
