/** Allows `perSecond` on average and `burst` at once. Time comes in as monotonic milliseconds. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }

  /** Takes `n` when there are as many; says whether it did. */
  take(n: number, nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < n) return false;
    this.#tokens -= n;
    return true;
  }

  /** True unless spent below zero. */
  solvent(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens > 0;
  }

  /** Takes `n` in any case, going into debt: for costs known only afterwards. */
  spend(n: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= n;
  }
}
