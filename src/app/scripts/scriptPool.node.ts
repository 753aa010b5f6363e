import { Worker } from 'node:worker_threads';
import type { ScriptChecker, ScriptJob } from '../../chain/ports.ts';
import { scriptBroken } from '../../chain/scriptCheckerInline.ts';
import type { Block } from '../../primitives/block.ts';
import { type Check, PASSED } from '../../primitives/rules.ts';
import { TXS_PER_STEP } from '../../primitives/tx.ts';
import { type Pause, runSteps, type Steps, walkSteps } from '../../util/steps.ts';
import { hashesIn, layOutForHashing } from './hashRun.ts';
import { type Layout, layingOut, type ScriptFault } from './scriptRun.ts';

/** To a thread: take part in this run of scripts, or hash this block. */
export interface RunMessage {
  readonly id: number;
  readonly work: 'scripts' | 'hashes';
  readonly shared: SharedArrayBuffer;
}

/** From a thread: no batch is left for it, and its first failure. */
export interface RunAnswer {
  readonly id: number;
  readonly fault: ScriptFault | undefined;
}

/** A thread as the pool needs it: worker_threads' Worker. */
export type ScriptThread = Pick<Worker, 'postMessage' | 'on' | 'terminate' | 'unref' | 'ref'>;

/** The built file ends in .js, the source in .ts; import.meta.url says which of them runs. */
function spawnThread(): ScriptThread {
  const file = import.meta.url.endsWith('.ts') ? './scriptWorker.node.ts' : './scriptWorker.node.js';
  return new Worker(new URL(file, import.meta.url), { name: 'scripts' });
}

export interface ScriptPoolOptions {
  /** Threads, at least 1; they are started when first needed. */
  readonly threads: number;
  /** Runs what is not worth the way to another thread, and what threads could not. */
  readonly inline: ScriptChecker;
  readonly spawn?: () => ScriptThread;
  /** Told once of each kind of trouble with threads; nothing is lost but time. */
  readonly warn?: (error: unknown, message: string) => void;
  /** Asked between the steps in which jobs are laid out; default: none. */
  readonly pause?: Pause;
}

/** The threads of a run died, or none could be started: the run is to be made elsewhere. */
class ThreadsLost extends Error {}

interface Run {
  readonly id: number;
  readonly work: RunMessage['work'];
  readonly shared: SharedArrayBuffer;
  /** Threads that have not answered. */
  waiting: number;
  fault: ScriptFault | undefined;
  done(fault: ScriptFault | undefined): void;
  fail(error: Error): void;
}

/** Fewer inputs than this are verified where they are: about a millisecond. */
const INLINE_INPUTS = 24;
/** … unless transactions and scripts they spend are larger: signatures of a few inputs may then hash megabytes for seconds. */
const INLINE_BYTES = 16_000;
/** Blocks of fewer transactions are hashed where they are: half a millisecond. */
const PREPARED_TXS = 200;
/** What runs under way throw when the pool is closed. */
const STOPPING = 'the node stops';
/** Shared memory kept for the next runs, in pieces. */
const KEPT_BUFFERS = 4;
/** Larger ones, which few blocks need, are not kept. */
const KEPT_BYTES = 16 << 20;
/** Threads that fail so often, without ending one run in between, are not started again. */
const MAX_FAILURES = 3;
/** Pieces are made this much larger than asked, so that the next block fits, too. */
const SLACK = 1.25;

/**
 * Runs scripts on other threads. A run lies in shared memory, and every thread takes batch after batch of it, so that none
 * waits for another. Several runs may be under way; threads take them in order. Breaks as inlineScriptChecker. A thread that
 * dies takes the others with it: their runs are made once more, inline, and the next run starts new threads. Where none can
 * be started, or they die again and again, everything is run inline.
 */
export class ScriptPool implements ScriptChecker {
  readonly #options: ScriptPoolOptions;
  readonly #runs = new Map<number, Run>();
  #threads: ScriptThread[] = [];
  #free: SharedArrayBuffer[] = [];
  /** Runs of scripts that are being laid out. */
  #layouts = 0;
  #nextId = 1;
  #closed = false;
  /** Threads that died or could not be started, since a run was ended by threads. */
  #failures = 0;
  readonly #told = new Set<string>();

  constructor(options: ScriptPoolOptions) {
    this.#options = options;
  }

  async check(jobs: readonly ScriptJob[]): Promise<Check> {
    let inputs = 0;
    let bytes = 0;
    for (const { tx, spent } of jobs) {
      inputs += spent.length;
      bytes += tx.size;
      if (inputs >= INLINE_INPUTS) break;
      for (const { scriptPubKey } of spent) bytes += scriptPubKey.length;
    }
    if (inputs < INLINE_INPUTS && bytes < INLINE_BYTES) return this.#options.inline.check(jobs);
    let fault: ScriptFault | undefined;
    try {
      fault = await this.#run(jobs);
    } catch (error) {
      // Not on new threads: what killed these may kill those. A failure here is the last word.
      if (error instanceof ThreadsLost) return this.#options.inline.check(jobs);
      throw error;
    }
    if (fault === undefined) return PASSED;
    return scriptBroken((jobs[fault.job] as ScriptJob).tx, fault.input, fault.error, fault.detail);
  }

  async prepare(block: Block): Promise<void> {
    if (this.#closed || block.txs.length < PREPARED_TXS) return;
    // Behind scripts it would come too late.
    if (this.#layouts > 0) return;
    for (const run of this.#runs.values()) if (run.work === 'scripts') return;
    this.#start();
    const thread = this.#threads[this.#nextId % this.#threads.length];
    if (thread === undefined) return;
    const shared = layOutForHashing(block, (bytes) => this.#memory(bytes));
    try {
      block.adopt(await this.#send('hashes', shared, [thread], () => hashesIn(shared)));
    } catch {
      // The threads are gone, which others are told. What is not hashed is hashed when it is asked for.
    }
  }

  /** Starts the threads now: for those who know that there will be work. */
  warm(): void {
    if (!this.#closed) this.#start();
    for (const thread of this.#threads) if (this.#runs.size === 0) thread.unref();
  }

  /** Runs under way throw. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#end(new Error(STOPPING));
  }

  async #run(jobs: readonly ScriptJob[]): Promise<ScriptFault | undefined> {
    if (this.#closed) throw new Error('the script threads are closed');
    this.#start();
    if (this.#threads.length === 0) throw new ThreadsLost();
    const layout = layingOut(jobs, (bytes) => this.#memory(bytes));
    const { shared } = jobs.length > TXS_PER_STEP ? await this.#walk(layout) : runSteps(layout);
    // Closed meanwhile, or the threads died.
    if (this.#closed) throw new Error(STOPPING);
    this.#start();
    if (this.#threads.length === 0) throw new ThreadsLost();
    return this.#send('scripts', shared, this.#threads, (fault) => fault);
  }

  async #walk(layout: Steps<Layout>): Promise<Layout> {
    this.#layouts++;
    try {
      return await walkSteps(layout, this.#options.pause);
    } finally {
      this.#layouts--;
    }
  }

  /** `take` reads the result, which may lie in `shared`, once all these threads have answered. */
  #send<T>(
    work: RunMessage['work'],
    shared: SharedArrayBuffer,
    threads: readonly ScriptThread[],
    take: (fault: ScriptFault | undefined) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const finish = (end: () => void): void => {
        if (!this.#runs.delete(id)) return;
        if (this.#runs.size === 0) for (const thread of this.#threads) thread.unref();
        end();
      };
      this.#runs.set(id, {
        ...{ id, work, shared, waiting: threads.length, fault: undefined },
        done: (fault) =>
          finish(() => {
            const result = take(fault);
            this.#recycle(shared);
            resolve(result);
          }),
        fail: (error) => finish(() => reject(error)),
      });
      for (const thread of threads) {
        thread.ref();
        thread.postMessage({ id, work, shared } satisfies RunMessage);
      }
    });
  }

  /** Starts as many threads as there can be, when there are none. */
  #start(): void {
    const { threads, spawn = spawnThread } = this.#options;
    if (this.#threads.length > 0 || this.#failures >= MAX_FAILURES) return;
    try {
      for (let i = 0; i < Math.max(1, threads); i++) this.#threads.push(this.#watched(spawn()));
    } catch (error) {
      const { length } = this.#threads;
      if (length > 0) this.#warn(error, `only ${length} of ${threads} script threads could be started`);
      else this.#failed(error, 'no script thread could be started');
    }
  }

  #watched(thread: ScriptThread): ScriptThread {
    const died = (error: Error): void => {
      if (!this.#threads.includes(thread)) return;
      this.#failed(error, 'a script thread died');
      void this.#end(new ThreadsLost(error.message));
    };
    thread.on('message', (answer: RunAnswer) => this.#answered(answer));
    thread.on('error', died);
    // An answer that cannot be read never comes again.
    thread.on('messageerror', died);
    thread.on('exit', (code: number) => died(new Error(`a script thread ended with code ${code}`)));
    return thread;
  }

  #failed(error: unknown, what: string): void {
    this.#failures++;
    if (this.#failures < MAX_FAILURES) this.#warn(error, `${what}: its scripts are run on the main thread`);
    else this.#warn(error, 'script threads fail again and again: all scripts are run on the main thread from now on');
  }

  #warn(error: unknown, message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.warn?.(error, message);
  }

  #answered({ id, fault }: RunAnswer): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    if (fault !== undefined && (run.fault === undefined || isBefore(fault, run.fault))) run.fault = fault;
    if (--run.waiting > 0) return;
    this.#failures = 0;
    run.done(run.fault);
  }

  /** Ends all threads and with them all runs. */
  async #end(error: Error): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    for (const run of [...this.#runs.values()]) run.fail(error);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  #memory(bytes: number): SharedArrayBuffer {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= bytes);
    if (at >= 0) return this.#free.splice(at, 1)[0] as SharedArrayBuffer;
    return new SharedArrayBuffer(Math.ceil((bytes * SLACK) / 8) * 8);
  }

  /** The largest are kept. */
  #recycle(buffer: SharedArrayBuffer): void {
    if (buffer.byteLength > KEPT_BYTES) return;
    this.#free.push(buffer);
    this.#free = this.#free.toSorted((a, b) => a.byteLength - b.byteLength).slice(-KEPT_BUFFERS);
  }
}

function isBefore(a: ScriptFault, b: ScriptFault): boolean {
  return a.job !== b.job ? a.job < b.job : a.input < b.input;
}
