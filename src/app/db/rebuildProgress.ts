import type { ChainManager } from '../../chain/chainManager.ts';
import type { Clock, Logger } from '../../util/ports.ts';
import { RecentRate } from '../import/recentRate.ts';
import { percentOf, toGo } from '../progressText.ts';

/** Between two lines of the log. */
const LINE_MS = 10_000;
/** Between two updates of what people are told who ask. */
const TELL_MS = 250;

/** How far a rebuild has come, in the words of getblockchaininfo. */
export interface RebuildInfo {
  readonly phase: 'reindexing' | 'connecting';
  /** Connected so far, and known headers; both 0 while files are read. */
  readonly blocks: number;
  readonly headers: number;
  /** 0 … 1 of this phase. */
  readonly verificationprogress: number;
}

export interface RebuildProgressParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
  /** Told often what the node is busy with. */
  readonly tell: (message: string, info: RebuildInfo) => void;
}

/** Says how far the making anew of an index or the coins has come: to the log every ten seconds, to whoever asks often. */
export class RebuildProgress {
  readonly #parts: RebuildProgressParts;
  readonly #rate = new RecentRate();
  #lineMs: number;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(parts: RebuildProgressParts) {
    this.#parts = parts;
    this.#lineMs = parts.clock.monotonicMs();
  }

  /** Bytes of block files read, of all. */
  reading(done: number, total: number): void {
    const info = {
      phase: 'reindexing',
      blocks: 0,
      headers: 0,
      verificationprogress: done / Math.max(1, total),
    } as const;
    this.#observe(done, total, info, (rate) => {
      const megabytes = (n: number): string => (n / 1_000_000).toFixed(1);
      return `Reindexing: ${megabytes(done)} of ${megabytes(total)} MB, ${percentOf(done, total)} %, ${megabytes(rate)} MB/s`;
    });
  }

  /** The tip is at height `blocks`, the best block on disk at `of`. */
  connecting(blocks: number, of: number): void {
    const info = { phase: 'connecting', blocks, headers: of, verificationprogress: blocks / Math.max(1, of) } as const;
    this.#observe(blocks, of, info, (rate) => {
      const speed = rate.toFixed(rate < 10 ? 1 : 0);
      return `Connecting blocks: ${blocks} of ${of}, ${percentOf(blocks, of)} %, ${speed} blocks/s`;
    });
  }

  #observe(done: number, total: number, info: RebuildInfo, text: (rate: number) => string): void {
    const { clock, log, tell } = this.#parts;
    const now = clock.monotonicMs();
    this.#rate.observe(done, now);
    const isLine = now - this.#lineMs >= LINE_MS;
    if (!isLine && now - this.#toldMs < TELL_MS) return;
    const rate = this.#rate.perSecond(done, now);
    const message = `${text(rate)}${toGo(rate > 0 ? (total - done) / rate : undefined)}`;
    this.#toldMs = now;
    tell(message, info);
    if (!isLine) return;
    this.#lineMs = now;
    log.info({ ...info }, message);
  }
}

/** Follows a chain that opens, and lets `stop` end the connecting of blocks: the function returned ends both. */
export function followOpening(chain: ChainManager, parts: RebuildProgressParts, stop?: AbortSignal): () => void {
  const progress = new RebuildProgress(parts);
  let best = chain.bestHeader();
  while (!best.hasBody && best.parent !== undefined) best = best.parent;
  const giveUp = (): void => void chain.close();
  stop?.addEventListener('abort', giveUp);
  const unfollow = chain.events.on('connected', ({ entry }) =>
    progress.connecting(entry.height, Math.max(best.height, entry.height)),
  );
  return () => {
    stop?.removeEventListener('abort', giveUp);
    unfollow();
  };
}
