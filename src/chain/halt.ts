import type { Emitter } from '../util/events.ts';
import type { ChainEvents } from './events.ts';

/**
 * Memory and disk may no longer agree (a commit failed: written or not, nobody knows), or the code contradicted itself.
 * Nothing may be built on that: everything that changes the chain refuses from then on, until the node is restarted and
 * reads the truth from disk.
 */
export class HaltedError extends Error {
  override readonly name = 'HaltedError';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the chain is halted until the node is restarted: ${reason}`, { cause });
  }
}

/** What the store holds contradicts itself: damaged files, or a bug of an earlier run. `exitCode` as StoreError's. */
export class StoredChainError extends Error {
  override readonly name = 'StoredChainError';
  readonly hint = 'Start with --reindex to make the index and the coins anew from the block files, or restore a backup';
  readonly exitCode = 74;

  constructor(message: string, cause?: unknown) {
    super(`the stored chain contradicts itself: ${message}`, cause === undefined ? undefined : { cause });
  }
}

/** Remembers the first failure after which nothing may go on. */
export class HaltSwitch {
  #cause: HaltedError | undefined;
  readonly #onHalt: (error: HaltedError) => void;

  /** `onHalt` is told once: the node should stop. */
  constructor(onHalt: (error: HaltedError) => void = () => {}) {
    this.#onHalt = onHalt;
  }

  /** The reason, undefined while all is well. */
  get halted(): HaltedError | undefined {
    return this.#cause;
  }

  /** Throws HaltedError once halted. */
  check(): void {
    if (this.#cause !== undefined) throw this.#cause;
  }

  halt(cause: unknown): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause instanceof HaltedError ? cause : new HaltedError(cause);
    this.#onHalt(this.#cause);
  }

  /** Runs a write to disk: when it fails, halts and throws what it threw. */
  async guard<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      this.halt(error);
      throw error;
    }
  }

  /** Emits an event. A listener that throws may have missed what others saw: halts and throws what it threw. */
  tell<K extends keyof ChainEvents>(events: Emitter<ChainEvents>, name: K, value: ChainEvents[K]): void {
    try {
      events.emit(name, value);
    } catch (error) {
      this.halt(error);
      throw error;
    }
  }
}
