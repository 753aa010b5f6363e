/**
 * Work that can be interrupted between two steps and is done when it returns. Whoever runs it decides whether anything else
 * gets its turn in between; the result is the same.
 */
export type Steps<T> = Generator<void, T, void>;

/** Asked between two steps. Undefined: go on; else a promise of a later turn, in which others had theirs. */
export type Pause = () => Promise<void> | undefined;

/** All steps at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** All steps, with the pauses that `pause` wants; without it at once. What a step throws rejects. */
export async function walkSteps<T>(steps: Steps<T>, pause?: Pause): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    const wait = pause?.();
    if (wait !== undefined) await wait;
  }
}

/**
 * Calls `work` for slices [from, to) of [0, count) of at most `size`, in order, until it returns something, which is the
 * result. A step ends before each slice when there are several, so that other work done in this turn is counted in.
 */
export function* inSlices<T>(
  count: number,
  size: number,
  work: (from: number, to: number) => T | undefined,
): Steps<T | undefined> {
  for (let from = 0; from < count; from += size) {
    if (count > size) yield;
    const found = work(from, Math.min(count, from + size));
    if (found !== undefined) return found;
  }
  return undefined;
}
