import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * How much nicer a script thread is than the node: where both want the same core the node's own thread gets three quarters
 * of it. More would let every other program of the machine hold the scripts up.
 */
const NICER = 5;
const NICEST = 19;

/** The number that Linux knows this thread by, which its tools for processes take, too. Undefined elsewhere. */
export function threadNumber(): number | undefined {
  try {
    // <process>/task/<thread>
    const number = Number(readlinkSync('/proc/thread-self').split('/').pop());
    return Number.isSafeInteger(number) && number > 0 ? number : undefined;
  } catch {
    return undefined;
  }
}

/** Lets the other threads of the process go first. For worker threads; does nothing where that cannot be told. */
export function lowerThreadPriority(): void {
  const thread = threadNumber();
  if (thread === undefined || thread === process.pid) return;
  try {
    setPriority(thread, Math.min(NICEST, getPriority(thread) + NICER));
  } catch {
    // A wish, nothing more.
  }
}
