import type { Lifetime } from '../util/lifetime.ts';
import type { Clock, LogFields, Logger, Timers } from '../util/ports.ts';
import { percentOf, toGo } from './progressText.ts';

/** How often it is looked whether there is something to say. */
const TICK_MS = 1_000;
/** Between two lines while syncing. */
const LINE_MS = 10_000;
/** Units behind up to which each still gets its own line: two blocks found at once are no sync. */
export const NEAR = 3;

export interface ProgressInfo {
  readonly phase: string;
  readonly headers: number;
  readonly blocks: number;
  /** Greatest height that a peer claims. */
  readonly peerHeight: number;
  /** Units per second, and seconds to go, of what the node downloads. */
  readonly rate: number;
  readonly eta: number | undefined;
  readonly stalledReason: string | undefined;
}

export interface ProgressLogParts {
  /** What the node downloads: its blocks, or headers only. */
  readonly unit: 'blocks' | 'headers';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly lifetime: Lifetime;
  /** Cheap: asked for every block. `behind`: units known to be missing. */
  readonly view: () => { readonly syncing: boolean; readonly behind: number };
  readonly info: () => ProgressInfo;
}

interface CatchingUp {
  readonly sinceMs: number;
  /** When the last line was written, or catching up began. */
  lineMs: number;
  lines: number;
  /** Units that got no line of their own. */
  quiet: number;
}

/** Headers come first also on a node that downloads blocks; then the rate, which counts blocks, says nothing. */
const inHeaders = ({ phase }: ProgressInfo): boolean => phase === 'headers' || phase === 'presync';

/** "syncing blocks: 1200 of 5000, 24 %, 85 blocks/s, about 45s to go" */
export function progressLine(unit: 'blocks' | 'headers', info: ProgressInfo): string {
  const now = unit === 'headers' || inHeaders(info) ? 'headers' : 'blocks';
  const have = now === 'headers' ? info.headers : info.blocks;
  const of = now === 'headers' ? Math.max(info.peerHeight, info.headers) : info.headers;
  const rate =
    now === unit && info.rate > 0 ? `, ${info.rate.toFixed(info.rate < 10 ? 1 : 0)} ${unit}/s${toGo(info.eta)}` : '';
  const stalled = info.stalledReason === undefined ? '' : `: ${info.stalledReason}`;
  return `syncing ${now}: ${have} of ${of}, ${percentOf(have, of)} %${rate}${stalled}`;
}

/**
 * What a node says of its progress at level info: a line every ten seconds while it catches up, one at the end of that, and
 * one per block when it follows its network.
 */
export class ProgressLog {
  readonly #parts: ProgressLogParts;
  #catchingUp: CatchingUp | undefined;

  constructor(parts: ProgressLogParts) {
    this.#parts = parts;
    parts.lifetime.add(parts.timers.every(TICK_MS, () => this.#tick()));
  }

  /** The tip moved on to this, by `steps` units at once. */
  advanced(fields: LogFields, message: string, steps = 1): void {
    const { view, log } = this.#parts;
    const { syncing, behind } = view();
    const done = !syncing && behind === 0;
    if ((syncing && behind > NEAR) || steps > NEAR) this.#begin();
    if (this.#catchingUp !== undefined && (!done || steps > NEAR)) this.#catchingUp.quiet += steps;
    // The last block of a sync is told by the line that ends it.
    const ended = this.#endIf(done);
    if (this.#catchingUp === undefined && !ended) log.info(fields, message);
  }

  #begin(): void {
    const now = this.#parts.clock.monotonicMs();
    this.#catchingUp ??= { sinceMs: now, lineMs: now, lines: 0, quiet: 0 };
  }

  /** True when this wrote the line that ends a sync. */
  #endIf(done: boolean): boolean {
    const was = this.#catchingUp;
    if (was === undefined || !done) return false;
    const { info, log, clock, unit } = this.#parts;
    const { phase, headers, blocks } = info();
    this.#catchingUp = undefined;
    // Without peers nothing was reached; what lasted a moment was no sync.
    if (phase !== 'synced' || (was.lines === 0 && was.quiet === 0)) return false;
    const seconds = Math.round((clock.monotonicMs() - was.sinceMs) / 100) / 10;
    const height = unit === 'blocks' ? blocks : headers;
    log.info({ height, seconds }, `synced: all ${height} ${unit}, 100 %`);
    return true;
  }

  #tick(): void {
    const { view, info, log, clock, unit } = this.#parts;
    const { syncing, behind } = view();
    if (this.#endIf(!syncing && behind === 0)) return;
    if (!syncing && this.#catchingUp === undefined) return;
    const now = info();
    if (behind > NEAR || inHeaders(now)) this.#begin();
    const at = clock.monotonicMs();
    const state = this.#catchingUp;
    if (state === undefined || at - state.lineMs < LINE_MS) return;
    state.lineMs = at;
    state.lines++;
    log.info({}, progressLine(unit, now));
  }
}
