import type { Logger } from '../util/ports.ts';
import type { ExitCode } from './exit.ts';

/** A stop may take as long as it likes, but not so long without getting on: then something hangs. */
const STALL_MS = 30_000;

/** Ends this process when stopping it does not get on: what was committed is safe, the next start recovers. */
export class StopWatch {
  readonly #log: Logger;
  #code: ExitCode | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Stopping has begun; `code`: how the process ends when it hangs. The first one counts. */
  begin(code: ExitCode): void {
    this.#code ??= code;
    this.progress();
  }

  /** Something that must end before the process does got on. */
  progress(): void {
    const code = this.#code;
    if (code === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#log.error({}, `stopping hangs for ${STALL_MS / 1000} s: ending at once; the next start recovers`);
      process.exit(code);
    }, STALL_MS);
    this.#timer.unref();
  }
}
