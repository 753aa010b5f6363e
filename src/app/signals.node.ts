/**
 * One key press may arrive twice: from the terminal and from the program in between (npm, timeout). Within this many
 * milliseconds it counts once.
 */
const SAME_PRESS_MS = 400;

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
