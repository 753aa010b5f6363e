/**
 * Calls a library that throws for data it refuses: undefined when it threw exactly the error with this message, any other
 * error goes on, because it is our failure and must not become a verdict.
 */
export function undefinedWhenRefused<T>(message: string, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && error.message === message) return undefined;
    throw error;
  }
}
