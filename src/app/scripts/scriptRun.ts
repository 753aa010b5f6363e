import type { ScriptJob } from '../../chain/ports.ts';
import type { VerifyInput } from '../../chain/scriptCheckerInline.ts';
import { readTx, readTxOut, TXS_PER_STEP, type Tx, type TxOut } from '../../primitives/tx.ts';
import { assert } from '../../util/assert.ts';
import { Reader } from '../../util/codec.ts';
import { inSlices, runSteps, type Steps } from '../../util/steps.ts';

/**
 * Script jobs laid out in shared memory, for threads that take batch after batch until none is left.
 *
 *   words 0 … 2   next batch to take · lowest batch with a failure · number of batches
 *   then          one word per batch and one more: number of its first part; of all parts
 *   parts         six words each: job · first input · end · flags · byte offsets where the job's data start and end
 *   data          every job once, in order: transaction · the outputs that all inputs of it spend, in their wire form
 *
 * All numbers little-endian. The inputs of a large transaction lie in several batches, its data nevertheless once: copies
 * for each batch would take gigabytes.
 */
const NEXT = 0;
const FAILED = 1;
const COUNT = 2;
const TABLE = 3;

const NO_FAILURE = 0x7fffffff;
/** Inputs in a batch: about 3 ms of work, so that threads end nearly together. */
const BATCH_INPUTS = 64;
const PART_WORDS = 6;
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
  for (let job = 0; job < jobs.length; job++) {
    const { spent } = jobs[job] as ScriptJob;
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

/** Upper bound of the bytes that the data of this job take. */
function dataSize({ tx, spent }: ScriptJob): number {
  let { size } = tx;
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

export interface Layout {
  readonly shared: SharedArrayBuffer;
  readonly batches: number;
}

/** Lays the jobs out. `allocate` gives shared memory of at least that many bytes, whatever is in it. */
export function layOut(jobs: readonly ScriptJob[], allocate: (bytes: number) => SharedArrayBuffer): Layout {
  return runSteps(layingOut(jobs, allocate));
}

/** layOut in steps. */
export function* layingOut(jobs: readonly ScriptJob[], allocate: (bytes: number) => SharedArrayBuffer): Steps<Layout> {
  const batches = batchesOf(jobs);
  const partCount = batches.reduce((n, batch) => n + batch.length, 0);
  const parts = TABLE + batches.length + 1;
  let size = 4 * (parts + PART_WORDS * partCount);
  let at = size;
  for (const job of jobs) size += dataSize(job);
  const shared = allocate(size);
  const words = new Int32Array(shared);
  const bytes = new Uint8Array(shared);
  const view = new DataView(shared);
  words.set([0, NO_FAILURE, batches.length]);
  const starts = new Int32Array(jobs.length + 1).fill(at);
  yield* inSlices(jobs.length, TXS_PER_STEP, (first, end) => {
    for (let i = first; i < end; i++) {
      const { tx, spent } = jobs[i] as ScriptJob;
      bytes.set(tx.bytes, at);
      at += tx.bytes.length;
      for (let k = 0; k < spent.length; k++) at = putOutput(bytes, view, at, spent[k] as TxOut);
      starts[i + 1] = at;
    }
  });
  assert(at <= size, 'script jobs fit into the memory reckoned for them');
  let part = 0;
  for (let i = 0; i < batches.length; i++) {
    words[TABLE + i] = part;
    for (const { job, from, end } of batches[i] as Part[]) {
      const word = parts + PART_WORDS * part++;
      words[word] = job;
      words[word + 1] = from;
      words[word + 2] = end;
      words[word + 3] = (jobs[job] as ScriptJob).flags;
      words[word + 4] = starts[job] as number;
      words[word + 5] = starts[job + 1] as number;
    }
  }
  words[TABLE + batches.length] = part;
  return { shared, batches: batches.length };
}

/** A job as a thread has read it. */
interface ReadJob {
  readonly job: number;
  readonly tx: Tx;
  readonly spent: readonly TxOut[];
}

/** Runs batches of one layout. What was read last is kept: a large transaction is read once, not once per batch. */
class BatchRunner {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #verify: VerifyInput;
  #last: ReadJob | undefined;

  constructor(shared: SharedArrayBuffer, verify: VerifyInput) {
    this.#words = new Int32Array(shared);
    this.#bytes = new Uint8Array(shared);
    this.#verify = verify;
  }

  /** The first failure in a batch. */
  run(batch: number): ScriptFault | undefined {
    const words = this.#words;
    const table = TABLE + (words[COUNT] as number) + 1;
    const partAt = (part: number): number => table + PART_WORDS * part;
    let at = partAt(words[TABLE + batch] as number);
    const stop = partAt(words[TABLE + batch + 1] as number);
    const known = this.#last !== undefined && this.#last.job === words[at] ? 1 : 0;
    const dataStart = words[at + 4 + known] as number;
    // A private copy: native modules do not take shared memory.
    const reader = new Reader(this.#bytes.slice(dataStart, words[stop - 1]));
    for (; at < stop; at += PART_WORDS) {
      const { job, tx, spent } = this.#read(words[at] as number, reader);
      assert(reader.offset === (words[at + 5] as number) - dataStart, 'a script job reads as it was written');
      const end = words[at + 2] as number;
      const flags = (words[at + 3] as number) >>> 0;
      for (let input = words[at + 1] as number; input < end; input++) {
        const result = this.#verify(tx, input, spent, flags);
        if (!result.ok) return { job, input, error: result.error, detail: result.detail };
      }
    }
    return undefined;
  }

  #read(job: number, reader: Reader): ReadJob {
    if (this.#last?.job === job) return this.#last;
    const tx = readTx(reader);
    const spent: TxOut[] = [];
    for (let i = 0; i < tx.inputs.length; i++) spent.push(readTxOut(reader));
    this.#last = { job, tx, spent };
    return this.#last;
  }
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
  const count = words[COUNT] as number;
  const runner = new BatchRunner(shared, verify);
  let first: ScriptFault | undefined;
  for (;;) {
    const batch = Atomics.add(words, NEXT, 1);
    if (batch >= count || batch > Atomics.load(words, FAILED)) return first;
    const fault = runner.run(batch);
    if (fault === undefined) continue;
    lower(words, batch);
    first ??= fault;
  }
}
