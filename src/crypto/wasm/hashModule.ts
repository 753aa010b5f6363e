import { assert } from '../../util/assert.ts';
import { K } from '../sha256Words.ts';
import * as asm from './assembler.ts';
import { addLaneFunctions } from './laneFunctions.ts';
import {
  DATA,
  DIGEST,
  DIGEST_BLOCK,
  LANE_DIGEST_WORDS,
  PADDED_CONSTANTS,
  PAGES,
  POOL,
  ROUND_CONSTANTS,
  STATE,
  TABLE,
} from './layout.ts';
import { ripemd160OneBlock } from './ripemd160Emitter.ts';
import { PADDING_OF_32, paddedRoundConstants, SHA256_LOCALS, Sha256Emitter, type Word } from './sha256Emitter.ts';
import { ConstantPool, littleEndian, scalarWords, swapWord } from './words.ts';

const NODE = 32;
const PAIR = 64;
const loadState = (i: number): asm.Code => [...asm.i32(0), ...asm.load(STATE + 4 * i)];

/** Stores the locals of the state, with what is in memory added when `plus`. */
function toState(s: Sha256Emitter, plus: boolean): Uint8Array {
  for (let i = 0; i < 8; i++) {
    s.emit(asm.i32(0), asm.get(s.stateLocal(i)));
    if (plus) s.emit(loadState(i), asm.ADD);
    s.emit(asm.store(STATE + 4 * i));
  }
  return s.code;
}

function fromState(s: Sha256Emitter): Sha256Emitter {
  for (let i = 0; i < 8; i++) s.emit(loadState(i), asm.set(s.stateLocal(i)));
  return s;
}

/** start(): the initial state. */
function start(): asm.Fn {
  return { params: 0, locals: SHA256_LOCALS, code: toState(new Sha256Emitter(scalarWords, 0).initialState(), false) };
}

/** compress(block): the state absorbs 64 bytes. */
function compress(): asm.Fn {
  const [block, counter, first] = [0, 1, 2];
  const s = fromState(new Sha256Emitter(scalarWords, first));
  s.roundsInLoop(ROUND_CONSTANTS, counter, (t) => {
    const local = s.wordLocal(t);
    return [...asm.get(block), ...asm.load(4 * t), ...asm.set(local), ...swapWord(local), ...asm.set(local)];
  });
  return { params: 1, locals: 1 + SHA256_LOCALS, code: toState(s, true) };
}

/** compressPadding(): the state absorbs what follows a message of 64 bytes. */
function compressPadding(): asm.Fn {
  const [counter, first] = [0, 1];
  const s = fromState(new Sha256Emitter(scalarWords, first)).knownRoundsInLoop(PADDED_CONSTANTS, counter);
  return { params: 0, locals: 1 + SHA256_LOCALS, code: toState(s, true) };
}

/** storeDigest(to): the state as 32 bytes. */
function storeDigest(): asm.Fn {
  const [to, word] = [0, 1];
  const code: number[] = [];
  for (let i = 0; i < 8; i++)
    code.push(...loadState(i), ...asm.set(word), ...asm.get(to), ...swapWord(word), ...asm.store(4 * i));
  return { params: 1, locals: 1, code };
}

/** pad(message, length) → blocks: FIPS 180-4 §5.1.1. Writes zeros up to 72 bytes behind the message, also past its last block. */
function pad(): asm.Fn {
  const [message, length, blocks] = [0, 1, 2];
  const end = [...asm.get(message), ...asm.get(length), ...asm.ADD];
  const code: number[] = [...end, ...asm.long(0x80), ...asm.storeLong(0)];
  for (let i = 1; i <= 8; i++) code.push(...end, ...asm.long(0), ...asm.storeLong(8 * i));
  code.push(...asm.get(length), ...asm.i32(72), ...asm.ADD, ...asm.shiftRight(6), ...asm.tee(blocks));
  // The number of bits, big-endian, in the block's last four bytes.
  code.push(...asm.shiftLeft(6), ...asm.get(message), ...asm.ADD, ...asm.i32(4), ...asm.SUB);
  code.push(...asm.get(length), ...asm.shiftLeft(3), ...asm.set(length), ...swapWord(length), ...asm.store(0));
  code.push(...asm.get(blocks));
  return { params: 2, returns: true, locals: 1, code, exportAs: 'pad' };
}

/** RIPEMD-160 of the digest in the state, into DIGEST. */
function ripemdOfState(first: number): asm.Code {
  const code: number[] = [];
  const words: Word[] = [];
  for (let i = 0; i < 8; i++) {
    const local = first + i;
    code.push(...loadState(i), ...asm.set(local), ...swapWord(local), ...asm.set(local));
    words.push({ local });
  }
  words.push(...[0x80, 0, 0, 0, 0, 0, 256, 0].map((constant) => ({ constant })));
  return [...code, ...ripemd160OneBlock(words, first + 8, DIGEST)];
}

/** hashPairs(n): each 64 bytes from DATA → 32 bytes from DATA, one pair after the other. */
function hashPairsOneByOne(hashPair: number): asm.Fn {
  const [n, from, to] = [0, 1, 2];
  const code = [
    ...[...asm.i32(DATA), ...asm.tee(from), ...asm.set(to), ...asm.LOOP],
    ...[...asm.get(from), ...asm.get(to), ...asm.call(hashPair)],
    ...[...asm.increase(from, PAIR), ...asm.increase(to, NODE)],
    ...[...asm.increase(n, -1), ...asm.get(n), ...asm.branchIf(0), ...asm.END],
  ];
  return { params: 1, locals: 2, code, exportAs: 'hashPairs' };
}

/**
 * merkle(n) → mutated: n ≥ 1 nodes at DATA are replaced by their root. An odd last node is paired with itself; 1 when two
 * nodes that do stand side by side are equal (CVE-2012-2459).
 */
function merkle(hashPairs: number): asm.Fn {
  const [n, mutated, at, end] = [0, 1, 2, 3];
  const difference = [0, 8, 16, 24].flatMap((offset, i) => [
    ...[...asm.get(at), ...asm.loadLong(offset), ...asm.get(at), ...asm.loadLong(offset + NODE), ...asm.XOR_LONG],
    ...(i === 0 ? [] : asm.OR_LONG),
  ]);
  const copyLast = [0, 8, 16, 24].flatMap((offset) => [
    ...[...asm.get(at), ...asm.get(at), ...asm.loadLong(offset), ...asm.storeLong(offset + NODE)],
  ]);
  const code = [
    ...[...asm.BLOCK, ...asm.LOOP, ...asm.get(n), ...asm.i32(2), ...asm.LESS_UNSIGNED, ...asm.branchIf(1)],
    ...[...asm.i32(DATA), ...asm.tee(at), ...asm.get(n), ...asm.shiftRight(1), ...asm.shiftLeft(6), ...asm.ADD],
    ...[...asm.set(end), ...asm.LOOP, ...difference, ...asm.EQZ_LONG, ...asm.get(mutated), ...asm.OR],
    ...[...asm.set(mutated), ...asm.increase(at, PAIR), ...asm.get(at), ...asm.get(end), ...asm.LESS_UNSIGNED],
    ...[...asm.branchIf(0), ...asm.END, ...asm.get(n), ...asm.i32(1), ...asm.AND, ...asm.IF],
    // `at` is behind the last pair: at the odd node.
    ...[...copyLast, ...asm.increase(n, 1), ...asm.END],
    ...[...asm.get(n), ...asm.shiftRight(1), ...asm.tee(n), ...asm.call(hashPairs)],
    ...[...asm.branch(0), ...asm.END, ...asm.END, ...asm.get(mutated)],
  ];
  return { params: 1, returns: true, locals: 3, code, exportAs: 'merkle' };
}

/** What code reads from memory besides the pool. */
function segments(simd: boolean): asm.Segment[] {
  const paddingWords = PADDING_OF_32.map((word) => ('constant' in word ? word.constant : 0));
  const padding = new Uint8Array(32);
  for (const [i, word] of paddingWords.entries()) new DataView(padding.buffer).setInt32(4 * i, word);
  const laneWords = Int32Array.from(paddingWords.flatMap((word) => [word, word, word, word]));
  const scalar = [
    { at: DIGEST_BLOCK + 32, bytes: padding },
    { at: ROUND_CONSTANTS, bytes: littleEndian(K) },
    { at: PADDED_CONSTANTS, bytes: littleEndian(paddedRoundConstants()) },
  ];
  return simd ? [...scalar, { at: LANE_DIGEST_WORDS + 128, bytes: littleEndian(laneWords) }] : scalar;
}

/**
 * The hash module: functions over one message at DATA with its digest at DIGEST, and over batches (layout.ts). With `simd`
 * batches are hashed four at a time.
 *
 * Exports: memory "m", pad(address, length) → blocks, sha256(length), hash256(length), hash160(length), hashPairs(n),
 * merkle(n) → mutated, and with `simd` hashEach(groups).
 */
export function assembleHashModule(simd: boolean): Uint8Array {
  const functions: asm.Fn[] = [];
  const add = (fn: asm.Fn): number => functions.push(fn) - 1;
  const pool = new ConstantPool(POOL);
  const [toStart, toCompress, toPadding] = [add(start()), add(compress()), add(compressPadding())];
  const [toStore, toPad] = [add(storeDigest()), add(pad())];
  // hashDigest(): the digest in the state is hashed once more.
  const again = [
    ...[...asm.i32(DIGEST_BLOCK), ...asm.call(toStore), ...asm.call(toStart)],
    ...[...asm.i32(DIGEST_BLOCK), ...asm.call(toCompress)],
  ];
  const toAgain = add({ params: 0, code: again });

  const [length, end, at] = [0, 1, 2];
  const absorb = [
    ...[...asm.i32(DATA), ...asm.tee(at), ...asm.get(at), ...asm.get(length), ...asm.call(toPad), ...asm.shiftLeft(6)],
    ...[...asm.ADD, ...asm.set(end), ...asm.call(toStart)],
    ...[...asm.LOOP, ...asm.get(at), ...asm.call(toCompress), ...asm.increase(at, 64)],
    ...[...asm.get(at), ...asm.get(end), ...asm.LESS_UNSIGNED, ...asm.branchIf(0), ...asm.END],
  ];
  const store = [...asm.i32(DIGEST), ...asm.call(toStore)];
  add({ params: 1, locals: 2, code: [...absorb, ...store], exportAs: 'sha256' });
  add({ params: 1, locals: 2, code: [...absorb, ...asm.call(toAgain), ...store], exportAs: 'hash256' });
  add({ params: 1, locals: 2 + 18, code: [...absorb, ...ripemdOfState(3)], exportAs: 'hash160' });
  const pair = [
    ...[...asm.call(toStart), ...asm.get(0), ...asm.call(toCompress), ...asm.call(toPadding), ...asm.call(toAgain)],
    ...[...asm.get(1), ...asm.call(toStore)],
  ];
  const hashPair = add({ params: 2, code: pair, exportAs: 'hashPair' });
  const hashPairs = simd ? addLaneFunctions(add, pool, hashPair) : add(hashPairsOneByOne(hashPair));
  add(merkle(hashPairs));
  const data = [pool.data(), ...segments(simd)];
  assert(
    data.every(({ at, bytes }) => at + bytes.length <= TABLE),
    'constants end before the table',
  );
  return asm.assembleModule({ pages: PAGES, functions, data });
}
