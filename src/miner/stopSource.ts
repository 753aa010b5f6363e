import type { StopSignal } from '../consensus/engine.ts';
import type { Timers } from '../util/ports.ts';

/** The sending side of a StopSignal. */
export class StopSource implements StopSignal {
  #aborted = false;
  #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Calls `fn` once when stopped; at once when it has happened already. */
  onAbort(fn: () => void): void {
    if (this.#aborted) fn();
    else this.#listeners.push(fn);
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const fn of listeners) fn();
  }
}

/** Waits; false when stopped before the time was over. */
export function waitUnlessStopped(timers: Timers, ms: number, stop: StopSignal): Promise<boolean> {
  if (stop.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const cancel = timers.after(ms, () => resolve(true));
    stop.onAbort(() => {
      cancel();
      resolve(false);
    });
  });
}
