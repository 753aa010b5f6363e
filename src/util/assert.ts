/** A bug in this program, never bad input. Whoever catches it must not blame a peer. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Throws AssertionFailure when `condition` is false. For conditions only a bug can break. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** For the default branch of a switch over a union. */
export function unreachable(value: never, what: string): never {
  throw new AssertionFailure(`${what}: impossible value ${JSON.stringify(value)}`);
}
