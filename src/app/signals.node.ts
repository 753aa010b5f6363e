import { EXIT } from './exit.ts';

/**
 * One key press may arrive twice: from the terminal and from the program in between (npm, timeout). Within this many
 * milliseconds it counts once.
 */
const SAME_PRESS_MS = 400;

/** What work throws that ends early because this process was asked to stop. For commands: what they were told to do is not done. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';
  readonly exitCode = EXIT.failure;

  /** `why`: the signal, or another reason. */
  constructor(why: string) {
    super(`stopped by ${why}`);
  }
}

/** Aborted, with a StopRequested, by the first signal that asks this process to stop; `force` as stopSignal's. */
export function stopBySignal(force: (signal: string) => void): AbortSignal {
  const asked = new AbortController();
  void stopSignal(force).then((signal) => asked.abort(new StopRequested(signal)));
  return asked.signal;
}

/**
 * Resolves with the name of the first signal that asks this process to stop. A second one, not the echo of the first,
 * calls `force`.
 */
export function stopSignal(force: (signal: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        const now = performance.now();
        if (firstMs === undefined) {
          firstMs = now;
          resolve(signal);
        } else if (now - firstMs > SAME_PRESS_MS) force(signal);
      });
    }
  });
}
