import type { Clock, Timers } from '../../src/util/ports.ts';

interface Timer {
  atMs: number;
  readonly order: number;
  readonly everyMs: number | undefined;
  readonly fn: () => void;
}

/** A clock that stands still until it is told to run: hours of timers pass in milliseconds, always in the same order. */
export class SimClock implements Clock, Timers {
  readonly #timers = new Set<Timer>();
  readonly #startMs: number;
  #now: number;
  #order = 0;

  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs;
    this.#now = startMs;
  }

  nowMs(): number {
    return this.#now;
  }
  monotonicMs(): number {
    return this.#now - this.#startMs;
  }
  after(ms: number, fn: () => void): () => void {
    return this.#add(ms, undefined, fn);
  }
  every(ms: number, fn: () => void): () => void {
    return this.#add(ms, ms, fn);
  }
  /** A promise that resolves after `ms` of simulated time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets `ms` pass. */
  async run(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#now = Math.max(this.#now, timer.atMs);
      if (timer.everyMs === undefined) this.#timers.delete(timer);
      else timer.atMs += timer.everyMs;
      timer.fn();
      await settle();
    }
    this.#now = end;
  }

  /** Lets time pass until the condition holds; throws after `maxMs`. Returns the milliseconds it took. */
  async until(condition: () => boolean, maxMs: number, what = 'condition'): Promise<number> {
    const start = this.#now;
    while (!condition()) {
      if (this.#now - start >= maxMs) throw new Error(`${what}: not within ${maxMs} ms of simulated time`);
      await this.run(20);
    }
    return this.#now - start;
  }

  #add(ms: number, everyMs: number | undefined, fn: () => void): () => void {
    const timer: Timer = { atMs: this.#now + ms, order: this.#order++, everyMs, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const t of this.#timers) {
      if (t.atMs > end) continue;
      if (next === undefined || t.atMs < next.atMs || (t.atMs === next.atMs && t.order < next.order)) next = t;
    }
    return next;
  }
}

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}
