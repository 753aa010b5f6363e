import type { FlushProgress } from '../store/coinFlush.ts';
import type { Clock, Logger } from '../util/ports.ts';
import { percentOf } from './progressText.ts';

/** Between two lines of the log. */
const LINE_MS = 3_000;
/** Fewer coins are written before anyone asks what takes so long. */
const WORTH_TELLING = 100_000;

export interface FlushLogParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Pick<Logger, 'info'>;
  /** Does somebody wait for the end of the process? Otherwise flushes are nobody's concern. */
  readonly isStopping: () => boolean;
  /** Told often. */
  readonly tell: (message: string) => void;
}

/** Says how far a flush is while a node stops: to the log every few seconds, to whoever asks often. */
export function flushLog({ clock, log, isStopping, tell }: FlushLogParts): FlushProgress {
  let lineMs = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    if (!isStopping() || total < WORTH_TELLING) return;
    const message = flushText(done, total);
    tell(message);
    const now = clock.monotonicMs();
    if (done < total && now - lineMs < LINE_MS) return;
    lineMs = now;
    log.info({}, message);
  };
}

/** "flushing coins: 120000 of 480000, 25 %" */
export function flushText(done: number, total: number): string {
  return `flushing coins: ${done} of ${total}, ${percentOf(done, total)} %`;
}
