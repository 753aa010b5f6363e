import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Span, timed } from '../harness.ts';

/** What a thread is given: the name of its work, and four bytes by which it is started and stopped. */
export interface CrewData {
  readonly name: string;
  readonly gate: SharedArrayBuffer;
}

/** What one thread did in one run. */
export interface CrewRate {
  readonly count: number;
  readonly seconds: number;
}

/** Threads that do the same work, each on inputs of its own, started and stopped together. */
export class Crew {
  readonly #workers: readonly Worker[];
  readonly #phase: Int32Array;

  private constructor(workers: readonly Worker[], phase: Int32Array) {
    this.#workers = workers;
    this.#phase = phase;
  }

  /** Resolves when all `threads` have prepared the work called `name` and wait. */
  static async open(name: string, threads: number): Promise<Crew> {
    const gate = new SharedArrayBuffer(4);
    const workerData: CrewData = { name, gate };
    const file = new URL('./worker.ts', import.meta.url);
    const workers = Array.from({ length: threads }, () => new Worker(file, { workerData }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new Crew(workers, new Int32Array(gate));
  }

  /** How much all threads together do per second, measured over about `ms`, and how long it took. */
  async run(ms: number): Promise<{ readonly rate: number; readonly span: Span }> {
    const answers = this.#workers.map((worker) => once(worker, 'message') as Promise<[CrewRate]>);
    let rates: CrewRate[] = [];
    const span = await timed(async () => {
      this.#step();
      await sleep(ms);
      this.#step();
      rates = (await Promise.all(answers)).map(([rate]) => rate);
    });
    return { rate: rates.reduce((sum, { count, seconds }) => sum + count / seconds, 0), span };
  }

  async close(): Promise<void> {
    const ended = this.#workers.map((worker) => once(worker, 'exit'));
    Atomics.store(this.#phase, 0, -1);
    Atomics.notify(this.#phase, 0);
    await Promise.all(ended);
  }

  #step(): void {
    Atomics.add(this.#phase, 0, 1);
    Atomics.notify(this.#phase, 0);
  }
}
