/** Owns subscriptions, timers and streams: `close()` undoes all of them in reverse order, once. */
export class Lifetime {
  readonly #undo: (() => unknown)[] = [];
  readonly #onStep: () => void;
  #closing: Promise<void> | undefined;

  /** `onStep` is called whenever an undo step of `close()` has ended. */
  constructor(onStep: () => void = () => {}) {
    this.#onStep = onStep;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Registers an undo step. If the lifetime is closed already, the step runs at once. */
  add(undo: () => unknown): void {
    if (this.#closing !== undefined) void undo();
    else this.#undo.push(undo);
  }

  /** Runs every undo step in reverse order, awaiting each; the first error is thrown after all have run. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    let first: unknown;
    let failed = false;
    for (let step = this.#undo.pop(); step !== undefined; step = this.#undo.pop()) {
      try {
        await step();
      } catch (error) {
        if (!failed) first = error;
        failed = true;
      }
      this.#onStep();
    }
    if (failed) throw first;
  }
}
