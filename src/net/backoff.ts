import { Lru } from '../util/lru.ts';

/** When a target may be tried again: the wait doubles with each failure, with some randomness so that nodes spread out. */
export class Backoff {
  readonly #entries = new Lru<string, { failures: number; nextMs: number }>(4096);
  readonly #unit: () => number;

  /** `unit`: uniform in [0, 1). */
  constructor(unit: () => number) {
    this.#unit = unit;
  }

  due(target: string, nowMs: number): boolean {
    return (this.#entries.get(target)?.nextMs ?? 0) <= nowMs;
  }

  /** Counts a failure. The wait is about 1 s · 2^(failures-1), at most `maxMs`. */
  failed(target: string, nowMs: number, maxMs: number): void {
    const failures = (this.#entries.get(target)?.failures ?? 0) + 1;
    const wait = Math.min(maxMs, 1000 * 2 ** Math.min(failures - 1, 20));
    this.#entries.set(target, { failures, nextMs: nowMs + wait * (0.75 + 0.5 * this.#unit()) });
  }

  /** Not before `ms` from now, whatever happened so far. */
  hold(target: string, nowMs: number, ms: number): void {
    this.#entries.set(target, { failures: 1, nextMs: nowMs + ms });
  }

  succeeded(target: string): void {
    this.#entries.delete(target);
  }
}
