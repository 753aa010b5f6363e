import type { Block } from '../../primitives/block.ts';
import { type BlockHashes, hashTransactions } from '../../primitives/blockHashes.ts';
import type { EncodedTx } from '../../primitives/tx.ts';
import { assert } from '../../util/assert.ts';

/**
 * A block's transactions in shared memory, for a thread that hashes them there (primitives/blockHashes.ts).
 *
 *   words 0 … 1    number of transactions · byte offset of the hashes
 *   then           two words per transaction: its bytes, and those without witness
 *   data           the transactions, in order
 *   hashes         ids · root over txids · root over wtxids · one byte each: was that tree mutated?
 */
const COUNT = 0;
const HASHES = 1;
const TABLE = 2;
const ID_PAIR = 64;
const HASH = 32;

const hashesSize = (count: number): number => ID_PAIR * count + 2 * HASH + 2;

/** Lays the block out. `allocate` gives shared memory of at least that many bytes, a multiple of four, whatever is in it. */
export function layOutForHashing({ txs }: Block, allocate: (bytes: number) => SharedArrayBuffer): SharedArrayBuffer {
  let hashes = 4 * (TABLE + 2 * txs.length);
  for (const tx of txs) hashes += tx.size;
  const shared = allocate(hashes + hashesSize(txs.length));
  const words = new Int32Array(shared);
  const bytes = new Uint8Array(shared);
  words[COUNT] = txs.length;
  words[HASHES] = hashes;
  let word = TABLE;
  let at = 4 * (TABLE + 2 * txs.length);
  for (const tx of txs) {
    words[word++] = tx.size;
    words[word++] = tx.strippedSize;
    bytes.set(tx.bytes, at);
    at += tx.size;
  }
  assert(at === hashes, 'transactions take the memory reckoned for them');
  return shared;
}

/** Hashes what layOutForHashing laid out; the hashes go behind it. */
export function hashInPlace(shared: SharedArrayBuffer): undefined {
  const words = new Int32Array(shared);
  const count = words[COUNT] as number;
  const start = 4 * (TABLE + 2 * count);
  // A private copy: native modules do not take shared memory.
  const data = new Uint8Array(shared).slice(start, words[HASHES]);
  const txs: EncodedTx[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const end = at + (words[TABLE + 2 * i] as number);
    txs.push({ bytes: data.subarray(at, end), strippedSize: words[TABLE + 2 * i + 1] as number });
    at = end;
  }
  const { ids, txRoot, witnessRoot } = hashTransactions(txs);
  const out = new Uint8Array(shared, words[HASHES]);
  out.set(ids);
  out.set(txRoot.root, ids.length);
  out.set(witnessRoot.root, ids.length + HASH);
  out[ids.length + 2 * HASH] = txRoot.mutated ? 1 : 0;
  out[ids.length + 2 * HASH + 1] = witnessRoot.mutated ? 1 : 0;
}

/** The hashes that hashInPlace left; copies. */
export function hashesIn(shared: SharedArrayBuffer): BlockHashes {
  const [count, from] = new Int32Array(shared, 0, TABLE) as unknown as [number, number];
  const bytes = new Uint8Array(shared).slice(from, from + hashesSize(count));
  const roots = ID_PAIR * count;
  const root = (at: number, mutated: number) => ({
    root: bytes.slice(at, at + HASH),
    mutated: bytes[roots + 2 * HASH + mutated] === 1,
  });
  return { ids: bytes.subarray(0, roots), txRoot: root(roots, 0), witnessRoot: root(roots + HASH, 1) };
}
