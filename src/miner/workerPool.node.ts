import { Worker } from 'node:worker_threads';
import type { StopSignal } from '../consensus/engine.ts';
import type { Logger, Timers } from '../util/ports.ts';
import { JOB_STOP, JOB_WORDS, type PowJob, type PowReport, type PowWorkerData } from './powJob.ts';

/** A thread as the pool needs it: worker_threads' Worker. */
export type PowThread = Pick<Worker, 'postMessage' | 'on' | 'terminate' | 'unref'>;

/** The built file ends in .js, the source in .ts; import.meta.url says which of them runs. */
function spawnThread(data: PowWorkerData): PowThread {
  const file = import.meta.url.endsWith('.ts') ? './powWorker.node.ts' : './powWorker.node.js';
  return new Worker(new URL(file, import.meta.url), { workerData: data, name: 'pow' });
}

export interface WorkerPoolOptions {
  /** Threads to run; at least 1. */
  readonly threads: number;
  readonly timers: Timers;
  readonly log: Logger;
  readonly spawn?: (data: PowWorkerData) => PowThread;
}

interface Slot {
  readonly counter: SharedArrayBuffer;
  thread: PowThread | undefined;
}

interface Search {
  readonly job: PowJob;
  readonly flag: Int32Array;
  finish(nonce: number | undefined): void;
  fail(error: Error): void;
}

/** Wait before a thread that died is replaced, so that one that cannot start does not spin. */
const RESPAWN_MS = 250;

/**
 * Threads that search nonces, started at the first search. The latest search runs; an earlier one that is still wanted
 * goes on when the later ends. A thread that dies is replaced and joins the running search.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[];
  readonly #searches: Search[] = [];
  #nextId = 1;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: Math.max(1, options.threads) }, () => ({
      counter: new SharedArrayBuffer(8),
      thread: undefined,
    }));
  }

  get threads(): number {
    return this.#slots.length;
  }

  /** Hashes made by all threads since the start. */
  hashes(): bigint {
    let sum = 0n;
    for (const slot of this.#slots) sum += Atomics.load(new BigUint64Array(slot.counter), 0);
    return sum;
  }

  /**
   * A nonce for which the SHA256d of the header, as a little-endian number, is at most the target (32 bytes, little-endian);
   * undefined when stopped first or when no nonce does it. The event loop is never blocked.
   */
  search(header80: Uint8Array, target: Uint8Array, stop: StopSignal): Promise<number | undefined> {
    if (stop.aborted || this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const shared = new SharedArrayBuffer(4 * JOB_WORDS);
      const job: PowJob = {
        id: this.#nextId++,
        header80: new Uint8Array(header80),
        target: new Uint8Array(target),
        shared,
      };
      const search: Search = {
        job,
        flag: new Int32Array(shared),
        finish: (nonce) => {
          if (this.#drop(search)) resolve(nonce);
        },
        fail: (error) => {
          if (this.#drop(search)) reject(error);
        },
      };
      this.#pause();
      this.#searches.push(search);
      this.#resume();
      stop.onAbort(() => search.finish(undefined));
    });
  }

  /** Ends every search with undefined and stops the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const search of [...this.#searches]) search.finish(undefined);
    await Promise.all(this.#slots.map((slot) => slot.thread?.terminate()));
  }

  #pause(): void {
    const running = this.#searches.at(-1);
    if (running !== undefined) Atomics.store(running.flag, JOB_STOP, 1);
  }

  #resume(): void {
    const search = this.#searches.at(-1);
    if (search === undefined || this.#closed) return;
    Atomics.store(search.flag, JOB_STOP, 0);
    for (const slot of this.#slots) {
      if (slot.thread === undefined) this.#start(slot);
      else slot.thread.postMessage(search.job);
    }
  }

  #drop(search: Search): boolean {
    const at = this.#searches.indexOf(search);
    if (at < 0) return false;
    const wasRunning = at === this.#searches.length - 1;
    Atomics.store(search.flag, JOB_STOP, 1);
    this.#searches.splice(at, 1);
    if (wasRunning) this.#resume();
    return true;
  }

  #start(slot: Slot): void {
    const { log, timers, spawn = spawnThread } = this.#options;
    const thread = spawn({ counter: slot.counter });
    slot.thread = thread;
    thread.unref();
    thread.on('message', (report: PowReport) => this.#reported(report));
    thread.on('error', (error: Error) => log.error({ err: error }, 'a mining thread failed'));
    thread.on('exit', (code: number) => {
      if (slot.thread !== thread || this.#closed) return;
      log.warn({ code }, 'a mining thread ended; starting another');
      timers.after(RESPAWN_MS, () => {
        if (this.#closed) return;
        this.#start(slot);
      });
    });
    const search = this.#searches.at(-1);
    if (search !== undefined) thread.postMessage(search.job);
  }

  #reported(report: PowReport): void {
    const search = this.#searches.find((s) => s.job.id === report.id);
    if (search === undefined) return;
    // Once one thread saw the counter run out, what another may still find in its last chunk is given up.
    if (report.nonce !== undefined) search.finish(report.nonce);
    else if (report.exhausted) search.finish(undefined);
  }
}
