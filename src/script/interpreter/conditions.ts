/**
 * The open OP_IFs of a script. Only their number and the outermost one that is not taken matter, so that deep nesting
 * costs no more than shallow (a script of conditionals would take quadratic time otherwise).
 */
export class Conditions {
  #depth = 0;
  /** Index of the first condition that is false; −1 when all are true. */
  #firstFalse = -1;

  /** True when no condition is open. */
  get closed(): boolean {
    return this.#depth === 0;
  }

  /** True when opcodes are executed. */
  get allTrue(): boolean {
    return this.#firstFalse < 0;
  }

  open(value: boolean): void {
    if (!value && this.#firstFalse < 0) this.#firstFalse = this.#depth;
    this.#depth++;
  }

  /** The innermost condition becomes its opposite (OP_ELSE); one must be open. Inside one that is false nothing changes. */
  toggle(): void {
    if (this.#firstFalse < 0) this.#firstFalse = this.#depth - 1;
    else if (this.#firstFalse === this.#depth - 1) this.#firstFalse = -1;
  }

  /** Ends the innermost condition; one must be open. */
  close(): void {
    this.#depth--;
    if (this.#firstFalse === this.#depth) this.#firstFalse = -1;
  }
}
