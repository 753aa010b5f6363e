/** A call that came when the chain was closed already. */
export class ChainClosedError extends Error {
  override readonly name = 'ChainClosedError';

  constructor() {
    super('the chain is closed');
  }
}

/** What is left of a call when its turn is over: blocks wait for their scripts while the next have their turn. */
export interface Later<T> {
  readonly outcome: Promise<T>;
}

/** Nothing is left. */
export function now<T>(value: T): Later<T> {
  return { outcome: Promise.resolve(value) };
}

/** A block may have become the tip just before the chain was closed. */
export function unlessClosed(error: unknown): void {
  if (!(error instanceof ChainClosedError)) throw error;
}
