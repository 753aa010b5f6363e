import type { Clock } from '../util/ports.ts';

/** A clock whose wall time can be fixed (setmocktime on development networks); the monotonic part always runs. */
export class MockableClock implements Clock {
  readonly #real: Clock;
  #fixedMs: number | undefined;

  constructor(real: Clock) {
    this.#real = real;
  }

  nowMs(): number {
    return this.#fixedMs ?? this.#real.nowMs();
  }

  monotonicMs(): number {
    return this.#real.monotonicMs();
  }

  /** Fixes wall time at Unix `seconds`; 0 lets it run again. */
  setMockTime(seconds: number): void {
    this.#fixedMs = seconds === 0 ? undefined : seconds * 1000;
  }
}
