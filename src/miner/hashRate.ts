import type { Clock } from '../util/ports.ts';

/** Shortest span over which a rate is worth stating. */
const MIN_SPAN_MS = 1000;
/** Older samples are forgotten. */
const WINDOW_MS = 60_000;

/** Hashes per second over the last minute, from a growing counter. */
export class HashRate {
  readonly #clock: Clock;
  readonly #read: () => bigint;
  #samples: { atMs: number; hashes: bigint }[] = [];

  constructor(clock: Clock, read: () => bigint) {
    this.#clock = clock;
    this.#read = read;
    this.sample();
  }

  /** Notes the counter's value now; call it every few seconds. */
  sample(): void {
    const atMs = this.#clock.monotonicMs();
    this.#samples = this.#samples.filter((s) => s.atMs > atMs - WINDOW_MS);
    this.#samples.push({ atMs, hashes: this.#read() });
  }

  perSecond(): number {
    const first = this.#samples[0];
    if (first === undefined) return 0;
    const span = this.#clock.monotonicMs() - first.atMs;
    return span < MIN_SPAN_MS ? 0 : (Number(this.#read() - first.hashes) * 1000) / span;
  }
}
