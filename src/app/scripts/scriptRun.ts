import type { ScriptJob } from '../../chain/ports.ts';
import type { VerifyInput } from '../../chain/scriptCheckerInline.ts';
import { readTx, readTxOut, type TxOut } from '../../primitives/tx.ts';
import { assert } from '../../util/assert.ts';
import { Reader } from '../../util/codec.ts';

/**
 * Script jobs laid out in shared memory, for threads that take batch after batch until none is left.
 *
 *   words 0 … 2   next batch to take · lowest batch with a failure · number of batches
 *   then          one word per batch and one more: byte offsets where batches start and the last one ends
 *   batches       parts, each: job u32 · first input u32 · end u32 · flags u32 · transaction length u32 · transaction ·
 *                 the outputs that all inputs of it spend, in their wire form
 *
 * All numbers little-endian. A transaction with more inputs than a batch holds lies in several batches.
 */
const NEXT = 0;
const FAILED = 1;
const COUNT = 2;
const TABLE = 3;

const NO_FAILURE = 0x7fffffff;
/** Inputs in a batch: about 3 ms of work, so that threads end nearly together. */
const BATCH_INPUTS = 64;
const PART_HEAD = 20;
/** The largest head of an output: value, and a length of up to five bytes. */
const OUTPUT_HEAD = 13;

/** Inputs `from` up to `end` of a job. */
interface Part {
  readonly job: number;
  readonly from: number;
  readonly end: number;
}

/** The first input, in the order of the jobs, whose script failed. */
export interface ScriptFault {
  readonly job: number;
  readonly input: number;
  readonly error: string;
  readonly detail: string;
}

/** Splits the jobs into batches of about BATCH_INPUTS inputs. */
function batchesOf(jobs: readonly ScriptJob[]): Part[][] {
  const batches: Part[][] = [];
  let batch: Part[] = [];
  let room = BATCH_INPUTS;
  for (const [job, { spent }] of jobs.entries()) {
    for (let from = 0; from < spent.length; ) {
      const end = Math.min(spent.length, from + room);
      batch.push({ job, from, end });
      room -= end - from;
      from = end;
      if (room > 0) continue;
      batches.push(batch);
      batch = [];
      room = BATCH_INPUTS;
    }
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Upper bound of the bytes that a part of this job takes. */
function partSize({ tx, spent }: ScriptJob): number {
  let size = PART_HEAD + tx.size;
  for (const { scriptPubKey } of spent) size += OUTPUT_HEAD + scriptPubKey.length;
  return size;
}

/** Writes an output as primitives' writeTxOut does; returns the offset behind it. */
function putOutput(bytes: Uint8Array, view: DataView, at: number, { value, scriptPubKey }: TxOut): number {
  view.setBigInt64(at, value, true);
  let pos = at + 8;
  const { length } = scriptPubKey;
  if (length < 0xfd) bytes[pos++] = length;
  else if (length <= 0xffff) {
    bytes[pos] = 0xfd;
    view.setUint16(pos + 1, length, true);
    pos += 3;
  } else {
    bytes[pos] = 0xfe;
    view.setUint32(pos + 1, length, true);
    pos += 5;
  }
  bytes.set(scriptPubKey, pos);
  return pos + length;
}

function putPart(bytes: Uint8Array, view: DataView, start: number, part: Part, job: ScriptJob): number {
  const { bytes: txBytes } = job.tx;
  let at = start;
  for (const word of [part.job, part.from, part.end, job.flags, txBytes.length]) {
    view.setUint32(at, word, true);
    at += 4;
  }
  bytes.set(txBytes, at);
  at += txBytes.length;
  for (const out of job.spent) at = putOutput(bytes, view, at, out);
  return at;
}

/** Lays the jobs out. `allocate` gives shared memory of at least that many bytes, whatever is in it. */
export function layOut(
  jobs: readonly ScriptJob[],
  allocate: (bytes: number) => SharedArrayBuffer,
): { readonly shared: SharedArrayBuffer; readonly batches: number } {
  const batches = batchesOf(jobs);
  const head = 4 * (TABLE + batches.length + 1);
  let size = head;
  for (const batch of batches) for (const { job } of batch) size += partSize(jobs[job] as ScriptJob);
  const shared = allocate(size);
  const words = new Int32Array(shared);
  const bytes = new Uint8Array(shared);
  const view = new DataView(shared);
  words[NEXT] = 0;
  words[FAILED] = NO_FAILURE;
  words[COUNT] = batches.length;
  let at = head;
  for (const [i, batch] of batches.entries()) {
    words[TABLE + i] = at;
    for (const part of batch) at = putPart(bytes, view, at, part, jobs[part.job] as ScriptJob);
  }
  words[TABLE + batches.length] = at;
  assert(at <= size, 'script jobs fit into the memory reckoned for them');
  return { shared, batches: batches.length };
}

/** The first failure in a batch, a private copy of its bytes. */
function runBatch(bytes: Uint8Array, verify: VerifyInput): ScriptFault | undefined {
  const reader = new Reader(bytes);
  while (reader.left > 0) {
    const job = reader.u32();
    const from = reader.u32();
    const end = reader.u32();
    const flags = reader.u32();
    const next = reader.u32() + reader.offset;
    const tx = readTx(reader);
    assert(reader.offset === next, 'a transaction reads as it was written');
    const spent: TxOut[] = [];
    for (let i = 0; i < tx.inputs.length; i++) spent.push(readTxOut(reader));
    for (let input = from; input < end; input++) {
      const result = verify(tx, input, spent, flags);
      if (!result.ok) return { job, input, error: result.error, detail: result.detail };
    }
  }
  return undefined;
}

function lower(words: Int32Array, value: number): void {
  let known = Atomics.load(words, FAILED);
  while (value < known) {
    const met = Atomics.compareExchange(words, FAILED, known, value);
    if (met === known) return;
    known = met;
  }
}

/**
 * Takes batches until none is left. Batches behind a failure are skipped, those before it never: of what all threads
 * return, the fault with the lowest job is the first of all jobs.
 */
export function takeBatches(shared: SharedArrayBuffer, verify: VerifyInput): ScriptFault | undefined {
  const words = new Int32Array(shared);
  const bytes = new Uint8Array(shared);
  const count = words[COUNT] as number;
  let first: ScriptFault | undefined;
  for (;;) {
    const batch = Atomics.add(words, NEXT, 1);
    if (batch >= count || batch > Atomics.load(words, FAILED)) return first;
    // A copy: native modules do not take shared memory.
    const fault = runBatch(bytes.slice(words[TABLE + batch], words[TABLE + batch + 1]), verify);
    if (fault === undefined) continue;
    lower(words, batch);
    first ??= fault;
  }
}
