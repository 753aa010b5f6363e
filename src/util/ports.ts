/** What pure and driver rooms ask of their surroundings. `app` gives them real ones, tests fake ones. */

/** Wall and monotonic time. */
export interface Clock {
  /** Unix time in milliseconds; may jump. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number;
}

/** Timers, so that drivers can be driven by a simulated clock. */
export interface Timers {
  /** Calls `fn` once after `ms` milliseconds; the returned function cancels. Does not keep the process alive. */
  after(ms: number, fn: () => void): () => void;
  /** Calls `fn` every `ms` milliseconds until cancelled. Does not keep the process alive. */
  every(ms: number, fn: () => void): () => void;
}

export interface Random {
  /** `n` bytes from a cryptographic source. */
  bytes(n: number): Uint8Array;
  /** Uniform in [0, 1). */
  unit(): number;
}

export type LogFields = { readonly [key: string]: unknown };

/** Structured log: fields first, a short message second (pino's order). */
export interface Logger {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

const nothing = (): void => {};
/** Drops everything. */
export const silentLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};

/** One write of a batch. */
export type KvOp =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** Ordered byte-string key-value store. Ranges are [gte, lt). */
export interface Kv {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** Atomic; with `sync` durable when the promise resolves. */
  batch(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void>;
  /**
   * Everything written before, synced or not, is durable when the promise resolves. A synced batch alone does not promise
   * that: LevelDB's log goes on in a new file now and then, and the end of the one before may be lost.
   */
  settle(): Promise<void>;
  iterate(range: {
    readonly gte: Uint8Array;
    readonly lt: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  close(): Promise<void>;
}
