import type { ChainReader } from '../chain/chain.ts';
import type { Clock } from '../util/ports.ts';
import type { BlockSync } from './blockSync.ts';
import type { HeaderSync } from './headerSync.ts';
import type { PeerTips } from './peerTips.ts';

export type SyncPhase = 'waiting-for-peers' | 'presync' | 'headers' | 'blocks' | 'synced';

/** What getsyncinfo shows. */
export interface SyncInfo {
  readonly phase: SyncPhase;
  /** Height of the best header, and of the active tip. */
  readonly headers: number;
  readonly blocks: number;
  /** Greatest height any peer claims. */
  readonly peerHeight: number;
  /** Blocks per second over the last half minute. */
  readonly rate: number;
  /** Seconds to the best header at that rate, undefined while unknown. */
  readonly eta: number | undefined;
  /** Why nothing moved lately, undefined while it does. */
  readonly stalledReason: string | undefined;
  readonly inFlight: number;
  readonly heldBytes: number;
  readonly futureHeaders: number;
}

const RATE_WINDOW_MS = 30_000;
const STALL_MS = 15_000;
/**
 * Anybody who pays for one proof can show a header and keep its block, and honest peers pass that header on: who waits for
 * the block without end stands still with the whole network. So a better chain of which nothing comes is given up after
 * this; later when we were never level, since a first download may stutter.
 */
const GIVE_UP_MS = 5_000;
const GIVE_UP_AT_FIRST_MS = 120_000;

export interface SyncProgressDeps {
  readonly chain: ChainReader;
  readonly tips: PeerTips;
  readonly headers: HeaderSync;
  readonly blocks: BlockSync;
  readonly clock: Clock;
  /** As BlockSyncDeps. */
  readonly paused?: () => string | undefined;
}

/** Measures how the download goes. `observe` is called on each tip; `info` and `synced` at any time. */
export class SyncProgress {
  readonly #deps: SyncProgressDeps;
  #samples: { readonly atMs: number; readonly height: number }[] = [];
  #movedMs: number;
  #wasLevel = false;
  /** Behind what peers show: what we have of it, and since when no more has come. Undefined while level. */
  #behind: { readonly have: string; readonly sinceMs: number } | undefined;

  constructor(deps: SyncProgressDeps) {
    this.#deps = deps;
    this.#movedMs = deps.clock.monotonicMs();
  }

  /** The tip moved to `height`. */
  observe(height: number): void {
    const atMs = this.#deps.clock.monotonicMs();
    this.#movedMs = atMs;
    this.#samples.push({ atMs, height });
    const oldest = atMs - RATE_WINDOW_MS;
    // At most one sample per ten milliseconds is worth keeping.
    if (this.#samples.length > 3000) this.#samples = this.#samples.filter((s, i) => s.atMs >= oldest && i % 2 === 0);
  }

  /** True when no peer is known to have a better chain than our tip; lies that came to nothing do not count. */
  synced(): boolean {
    if (this.#isLevel()) {
      this.#wasLevel = true;
      this.#behind = undefined;
      return true;
    }
    const { chain, blocks, clock } = this.#deps;
    const now = clock.monotonicMs();
    const have = `${chain.tip().header.key}/${chain.bestHeader().header.key}/${blocks.delivered}`;
    // Nothing comes because nothing is asked for: that says nothing of the chain.
    if (this.#behind?.have !== have || this.#deps.paused?.() !== undefined) this.#behind = { have, sinceMs: now };
    return now - this.#behind.sinceMs >= (this.#wasLevel ? GIVE_UP_MS : GIVE_UP_AT_FIRST_MS);
  }

  #isLevel(): boolean {
    const { chain, tips, headers } = this.#deps;
    const { chainWork } = chain.tip();
    return !headers.promising() && tips.all().every((p) => (p.known?.chainWork ?? 0n) <= chainWork);
  }

  info(): SyncInfo {
    const { chain, tips, headers, blocks } = this.#deps;
    const tip = chain.tip();
    const best = chain.bestHeader();
    const phase = this.#phase();
    const rate = this.#rate();
    const left = best.height - tip.height;
    const load = blocks.load();
    return {
      phase,
      headers: best.height,
      blocks: tip.height,
      peerHeight: tips.all().reduce((max, p) => Math.max(max, p.claim.height), 0),
      rate,
      eta: left === 0 ? 0 : rate > 0 ? Math.ceil(left / rate) : undefined,
      stalledReason: this.#stalledReason(phase),
      inFlight: load.asked,
      heldBytes: load.heldBytes,
      futureHeaders: headers.futureHeaders,
    };
  }

  #phase(): SyncPhase {
    const { tips, headers } = this.#deps;
    if (tips.all().length === 0) return 'waiting-for-peers';
    if (this.#isLevel()) return 'synced';
    const sessions = headers.sessions();
    if (sessions.some((s) => s.phase === 'headers')) return 'headers';
    if (sessions.length > 0) return 'presync';
    return 'blocks';
  }

  #rate(): number {
    const now = this.#deps.clock.monotonicMs();
    const recent = this.#samples.filter((s) => s.atMs >= now - RATE_WINDOW_MS);
    const first = recent[0];
    const last = recent.at(-1);
    if (first === undefined || last === undefined || now <= first.atMs) return 0;
    return Math.max(0, ((last.height - first.height) * 1000) / (now - first.atMs));
  }

  #stalledReason(phase: SyncPhase): string | undefined {
    const paused = this.#deps.paused?.();
    if (paused !== undefined) return paused;
    if (phase === 'synced') return undefined;
    if (phase === 'waiting-for-peers') return 'no peer that serves blocks is connected';
    if (this.#deps.clock.monotonicMs() - this.#movedMs < STALL_MS) return undefined;
    const missing = this.#deps.blocks.firstMissing();
    if (missing !== undefined) {
      const { entry, asked } = missing;
      if (asked.length === 0) return `no connected peer delivers block ${entry.height} (${entry.header.id})`;
      return `waiting for block ${entry.height} from ${asked.join(', ')}`;
    }
    const asked = this.#deps.headers.sessions();
    if (asked.length > 0) return `waiting for headers from ${asked.map((s) => s.peer).join(', ')}`;
    return 'peers claim more work than they show';
  }
}
