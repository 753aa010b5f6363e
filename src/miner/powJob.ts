/** What the mining threads share and say to each other. */

/** Hashes between two looks at the stop flag: about 2 ms on one core. */
export const CHUNK = 1 << 14;
/** Chunks in the whole nonce space. */
export const CHUNKS = 2 ** 32 / CHUNK;

/** Words of a job's shared memory. */
export const JOB_STOP = 0;
export const JOB_NEXT_CHUNK = 1;
export const JOB_WORDS = 2;

/** To a thread: search this header. Threads take chunks from the shared counter until it runs out or the flag is set. */
export interface PowJob {
  readonly id: number;
  readonly header80: Uint8Array;
  /** 32 bytes, little-endian. */
  readonly target: Uint8Array;
  /** Int32 words JOB_STOP and JOB_NEXT_CHUNK. */
  readonly shared: SharedArrayBuffer;
}

/** From a thread: a nonce was found, or this thread saw the counter run out or the flag set. */
export interface PowReport {
  readonly id: number;
  readonly nonce: number | undefined;
  readonly exhausted: boolean;
}

/** Given to a thread at start: one 64-bit counter to which it adds the hashes it made. */
export interface PowWorkerData {
  readonly counter: SharedArrayBuffer;
}
