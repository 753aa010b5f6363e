import type { Timers } from '../../src/util/ports.ts';

/** Timers that run when told to. */
export class ManualTimers implements Timers {
  #now = 0;
  #due: { at: number; fn: () => void }[] = [];

  get waiting(): number {
    return this.#due.length;
  }

  after(ms: number, fn: () => void): () => void {
    const entry = { at: this.#now + ms, fn };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((e) => e !== entry);
    };
  }

  every(): () => void {
    throw new Error('not used here');
  }

  /** Lets `ms` pass and runs what falls due. */
  advance(ms: number): void {
    this.#now += ms;
    const due = this.#due.filter((e) => e.at <= this.#now);
    this.#due = this.#due.filter((e) => e.at > this.#now);
    for (const { fn } of due) fn();
  }
}
