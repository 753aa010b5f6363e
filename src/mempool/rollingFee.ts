import type { Clock } from '../util/ports.ts';

const HALF_LIFE_MS = 12 * 3600 * 1000;
/** The floor is recomputed at most this often. */
const STEP_MS = 10_000;

/**
 * The fee rate floor that eviction raises, as Bitcoin Core's rolling minimum fee: evicting a package sets it to that
 * package's rate plus the increment; once a block has come it halves every 12 h (6 h below half a pool, 3 h below a
 * quarter) and vanishes below half the increment.
 */
export class RollingFee {
  readonly #clock: Clock;
  readonly #increment: bigint;
  readonly #maxMemory: number;
  #rate = 0;
  #updatedMs = 0;
  #blockSince = true;

  constructor(clock: Clock, increment: bigint, maxMemory: number) {
    this.#clock = clock;
    this.#increment = increment;
    this.#maxMemory = maxMemory;
  }

  /** Notes that a package of this rate (satoshi per 1000 vbytes) had to go. */
  evicted(fee: number, vsize: number): void {
    const rate = (fee * 1000) / vsize + Number(this.#increment);
    if (rate <= this.#rate) return;
    this.#rate = rate;
    this.#blockSince = false;
  }

  /** Notes that a block was connected: from now on the floor may sink. */
  blockConnected(): void {
    if (this.#blockSince) return;
    this.#blockSince = true;
    this.#updatedMs = this.#clock.monotonicMs();
  }

  /** Satoshi per 1000 vbytes, 0n when eviction asks for nothing. `memory` is the pool's present use. */
  current(memory: number): bigint {
    if (this.#rate === 0) return 0n;
    const now = this.#clock.monotonicMs();
    if (this.#blockSince && now > this.#updatedMs + STEP_MS) {
      const speed = memory < this.#maxMemory / 4 ? 4 : memory < this.#maxMemory / 2 ? 2 : 1;
      this.#rate /= 2 ** ((now - this.#updatedMs) / (HALF_LIFE_MS / speed));
      this.#updatedMs = now;
      if (this.#rate < Number(this.#increment) / 2) {
        this.#rate = 0;
        return 0n;
      }
    }
    const rate = BigInt(Math.ceil(this.#rate));
    return rate > this.#increment ? rate : this.#increment;
  }
}
