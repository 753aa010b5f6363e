/** Runs async jobs one after another, in the order they were given. A failing job rejects its own promise only. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #size = 0;

  /** Jobs waiting or running. */
  get size(): number {
    return this.#size;
  }

  run<T>(job: () => Promise<T> | T): Promise<T> {
    this.#size++;
    const result = this.#tail.then(job).finally(() => {
      this.#size--;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when every job given so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
