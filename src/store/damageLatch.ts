import type { StoreError } from './errors.ts';

/** Damage that was met in a database: from then on nothing is written to it. Shared by all that use the database. */
export class DamageLatch {
  readonly #tell: (error: StoreError) => void;
  #error: StoreError | undefined;

  /** `tell` hears of the first damage, from wherever it was met: the node should stop. */
  constructor(tell: (error: StoreError) => void = () => {}) {
    this.#tell = tell;
  }

  /** What was met first, undefined while all is well. */
  get error(): StoreError | undefined {
    return this.#error;
  }

  /** Remembers damage and gives it back, to be thrown. */
  report(error: StoreError): StoreError {
    if (this.#error === undefined) {
      this.#error = error;
      this.#tell(error);
    }
    return error;
  }

  /** Throws what was met. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
