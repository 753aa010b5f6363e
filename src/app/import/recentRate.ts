/** How long ago the rate looks back: long enough to be calm, short enough to follow blocks that get bigger. */
const SPAN_MS = 20_000;
/** Samples closer together than this add nothing. */
const STEP_MS = 250;

/** Amount per second of something that grows, over the last twenty seconds. */
export class RecentRate {
  #samples: { readonly atMs: number; readonly amount: number }[] = [];

  /** `amount`: all so far; `atMs`: monotonic. */
  observe(amount: number, atMs: number): void {
    const last = this.#samples[this.#samples.length - 1];
    if (last !== undefined && atMs - last.atMs < STEP_MS) return;
    this.#samples.push({ atMs, amount });
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? atMs) < atMs - SPAN_MS) this.#samples.shift();
  }

  /** Up to now; 0 while nothing is known. */
  perSecond(amount: number, atMs: number): number {
    const first = this.#samples[0];
    return first === undefined || atMs <= first.atMs ? 0 : ((amount - first.amount) * 1000) / (atMs - first.atMs);
  }
}
