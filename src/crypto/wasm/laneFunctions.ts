import * as asm from './assembler.ts';
import {
  DATA,
  LANE_BLOCKS,
  LANE_DIGEST_WORDS,
  LANE_MASK,
  LANE_STATE,
  LANE_WORDS,
  PADDED_CONSTANTS,
  ROUND_CONSTANTS,
  TABLE,
} from './layout.ts';
import { SHA256_LOCALS, Sha256Emitter } from './sha256Emitter.ts';
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

/** Stores the state; with `how` 'add' the old one is added, with 'masked' too and only in the lanes of the mask. */
function toState(s: Sha256Emitter, how: 'set' | 'add' | 'masked'): Uint8Array {
  for (let i = 0; i < 8; i++) {
    s.emit(asm.i32(0), asm.get(s.stateLocal(i)));
    if (how !== 'set') s.emit(loadState(i), ADD);
    if (how === 'masked') s.emit(loadState(i), asm.i32(0), LOAD(LANE_MASK), SELECT);
    s.emit(STORE(LANE_STATE + 16 * i));
  }
  return s.code;
}

function fromState(s: Sha256Emitter): Sha256Emitter {
  for (let i = 0; i < 8; i++) s.emit(loadState(i), asm.set(s.stateLocal(i)));
  return s;
}

/** loadBlocks(p0, p1, p2, p3, block): words and mask of the lanes that have more than `block` blocks. */
function loadBlocks(): asm.Fn {
  const [block, rows, columns] = [4, 5, 9];
  const code: number[] = [];
  code.push(
    ...asm.i32(0),
    ...asm.i32(0),
    ...LOAD(LANE_BLOCKS),
    ...asm.get(block),
    ...SPLAT,
    ...GREATER,
    ...STORE(LANE_MASK),
  );
  for (let word = 0; word < 16; word += 4) {
    for (const lane of LANES) {
      code.push(...asm.get(lane), ...LOAD(4 * word), ...asm.set(rows + lane));
      code.push(...swapLanes(rows + lane), ...asm.set(rows + lane));
    }
    code.push(...transpose(rows, columns));
    for (const i of LANES) code.push(...asm.i32(0), ...asm.get(columns + i), ...STORE(LANE_WORDS + 16 * (word + i)));
  }
  return { params: 5, vectors: 8, code };
}

/** rounds(words): the state of the lanes of the mask absorbs sixteen vectors. */
function rounds(ops: WordOps): asm.Fn {
  const [words, counter, first] = [0, 1, 2];
  const s = fromState(new Sha256Emitter(ops, first));
  s.roundsInLoop(ROUND_CONSTANTS, counter, (t) => [...asm.get(words), ...LOAD(16 * t), ...asm.set(s.wordLocal(t))]);
  return { params: 1, locals: 1, vectors: SHA256_LOCALS, code: toState(s, 'masked') };
}

/** padding(): the state of all lanes absorbs what follows a message of 64 bytes. */
function padding(ops: WordOps): asm.Fn {
  const [counter, first] = [0, 1];
  const s = fromState(new Sha256Emitter(ops, first)).knownRoundsInLoop(PADDED_CONSTANTS, counter);
  return { params: 0, locals: 1, vectors: SHA256_LOCALS, code: toState(s, 'add') };
}

/** hashDigests(): the digests in the state are hashed once more. */
function hashDigests(start: number, rounds: number): asm.Fn {
  const code: number[] = [];
  for (let i = 0; i < 8; i++) code.push(...asm.i32(0), ...loadState(i), ...STORE(LANE_DIGEST_WORDS + 16 * i));
  code.push(...asm.i32(0), ...asm.i32(-1), ...SPLAT, ...STORE(LANE_MASK));
  code.push(...asm.call(start), ...asm.i32(LANE_DIGEST_WORDS), ...asm.call(rounds));
  return { params: 0, code };
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
  readonly load: number;
  readonly rounds: number;
  readonly padding: number;
  readonly again: number;
  readonly store: number;
}

/** hashPairs(n): each 64 bytes from DATA → 32 bytes from DATA. Three left are hashed with an idle lane, fewer one by one. */
function hashPairs(steps: Steps, hashPair: number): asm.Fn {
  const [n, from, to] = [0, 1, 2];
  const plus = (local: number, offset: number): asm.Code => [...asm.get(local), ...asm.i32(offset), ...asm.ADD];
  const code = [
    ...[...asm.i32(DATA), ...asm.tee(from), ...asm.set(to)],
    ...[...asm.i32(0), ...asm.i32(1), ...SPLAT, ...STORE(LANE_BLOCKS)],
    ...[...asm.BLOCK, ...asm.LOOP, ...asm.get(n), ...asm.i32(3), ...asm.LESS_SIGNED, ...asm.branchIf(1)],
    ...[...asm.call(steps.start), ...LANES.flatMap((lane) => plus(from, 64 * lane)), ...asm.i32(0)],
    ...[...asm.call(steps.load), ...asm.i32(LANE_WORDS), ...asm.call(steps.rounds)],
    ...[...asm.call(steps.padding), ...asm.call(steps.again)],
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
    ...[...asm.get(block), ...asm.call(steps.load), ...asm.i32(LANE_WORDS), ...asm.call(steps.rounds)],
    ...asm.increase(block, 1),
    ...[...asm.get(block), ...asm.get(most), ...asm.LESS_UNSIGNED, ...asm.branchIf(0), ...asm.END],
    ...[...asm.call(steps.again), ...addresses, ...asm.call(steps.store)],
    ...[...asm.increase(entry, 32), ...asm.increase(groups, -1), ...asm.get(groups), ...asm.branchIf(0), ...asm.END],
  ];
  return { params: 1, locals: 7, code, exportAs: 'hashEach' };
}

/** Adds the functions that hash four messages at a time; returns the place of hashPairs. */
export function addLaneFunctions(add: (fn: asm.Fn) => number, pool: ConstantPool, hashPair: number): number {
  const ops = vectorWords(pool);
  const initial = toState(new Sha256Emitter(ops, 0).initialState(), 'set');
  const start = add({ params: 0, vectors: SHA256_LOCALS, code: initial });
  const roundsAt = add(rounds(ops));
  const steps: Steps = {
    start,
    load: add(loadBlocks()),
    rounds: roundsAt,
    padding: add(padding(ops)),
    again: add(hashDigests(start, roundsAt)),
    store: add(storeDigests()),
  };
  add(hashEach(steps));
  return add(hashPairs(steps, hashPair));
}
