import { Turns } from '../util/turns.ts';

/** The turns of this thread's event loop. */
export const turns = new Turns({
  soon: (fn) => void setImmediate(fn),
  monotonicMs: () => performance.now(),
});
