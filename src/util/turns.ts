import type { Pause } from './steps.ts';

/** Work in one turn of the event loop before the rest waits for the next, ms. What is under way ends first. */
const BUDGET_MS = 6;

export interface TurnsPorts {
  /** Calls `fn` once in the next turn of the event loop, behind its input and output. */
  readonly soon: (fn: () => void) => void;
  readonly monotonicMs: () => number;
  readonly budgetMs?: number;
}

/**
 * Turns of the event loop for long work, one for the whole thread: each turn lets a single waiter go on, in order of
 * arrival. If everybody waited for the next turn on his own, all would go on in the same one, and what was cut into pieces
 * would be done in one piece again.
 */
export class Turns {
  readonly #ports: TurnsPorts;
  readonly #budgetMs: number;
  #waiting: (() => void)[] = [];
  #called = false;
  #beganMs = Number.NEGATIVE_INFINITY;

  constructor(ports: TurnsPorts) {
    this.#ports = ports;
    this.#budgetMs = ports.budgetMs ?? BUDGET_MS;
  }

  /** A later turn, one's own. */
  readonly next = (): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#call();
    });

  /** A later turn when the work that went on in this one has taken long enough, or when nobody knows since when it goes on. */
  readonly pause: Pause = () => (this.#ports.monotonicMs() - this.#beganMs < this.#budgetMs ? undefined : this.next());

  #call(): void {
    if (this.#called) return;
    this.#called = true;
    this.#ports.soon(() => {
      this.#called = false;
      this.#beganMs = this.#ports.monotonicMs();
      const go = this.#waiting.shift();
      if (this.#waiting.length > 0) this.#call();
      go?.();
    });
  }
}
