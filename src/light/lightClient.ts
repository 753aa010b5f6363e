import type { Judge } from '../consensus/engine.ts';
import type { ConsensusParams } from '../params/network.ts';
import { HeaderSync } from '../sync/headerSync.ts';
import { lookbackOf } from '../sync/lookback.ts';
import { PeerTips } from '../sync/peerTips.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { PeerView } from '../wire/messages/ask.ts';
import { type PeerKey, SERVICES } from '../wire/peer.ts';
import { type LightPeer, PeerWatch } from './peerWatch.ts';
import type { LightPorts } from './ports.ts';
import { Proofs } from './proofs.ts';
import { SubmitTx } from './submitTx.ts';

export interface LightClientDeps extends LightPorts {
  readonly judge: Judge<unknown>;
  readonly params: ConsensusParams;
  /** Full peers wanted: 2 on development networks, 3 otherwise. */
  readonly minPeers: number;
  /** Known work of the real chain, 0 where none is known. */
  readonly minChainWork: bigint;
}

export type LightPhase = 'waiting-for-peers' | 'presync' | 'headers' | 'synced';

/** What getlightinfo and getsyncinfo show. */
export interface LightInfo {
  readonly phase: LightPhase;
  readonly headers: number;
  /** Greatest height any peer claims. */
  readonly peerHeight: number;
  /** Headers per second since the download began, 0 when synced. */
  readonly rate: number;
  readonly eta: number | undefined;
  readonly stalledReason: string | undefined;
  /** True until the headers were once level with a peer's. */
  readonly initialDownload: boolean;
  /** Full peers, those of them that have our best header, and how many there should be. */
  readonly servers: number;
  readonly agreeing: number;
  readonly wanted: number;
  /** Unix milliseconds of the newest header accepted, undefined before the first. */
  readonly lastHeaderMs: number | undefined;
  readonly peers: readonly LightPeer[];
  readonly warnings: readonly string[];
  /** Own transactions not yet settled. */
  readonly watchedTxs: number;
}

const STALL_MS = 15_000;
const RATE_WINDOW_MS = 30_000;

/** A node that keeps headers only: follows the best chain of its peers, proves transactions, sends own ones. */
export class LightClient {
  readonly tips: PeerTips;
  readonly headers: HeaderSync;
  readonly proofs: Proofs;
  readonly submitter: SubmitTx;
  readonly #deps: LightClientDeps;
  readonly #watch: PeerWatch;
  readonly #life = new Lifetime();
  #lastHeaderMs: number | undefined;
  #movedMs: number;
  #since: { readonly atMs: number; readonly height: number };
  #caughtUp = false;

  constructor(deps: LightClientDeps) {
    this.#deps = deps;
    const { chain, params } = deps;
    this.#movedMs = deps.clock.monotonicMs();
    this.#since = { atMs: this.#movedMs, height: chain.bestHeader().height };
    this.tips = new PeerTips({ ...deps, stream: 'light', services: SERVICES.LIGHT_SERVER });
    this.headers = new HeaderSync({
      ...deps,
      tips: this.tips,
      stream: 'light',
      lookback: lookbackOf(params),
      maxFutureSeconds: params.maxFutureSeconds,
      anchor: () => chain.bestHeader(),
    });
    this.proofs = new Proofs(deps, this.tips);
    this.submitter = new SubmitTx(deps, this.tips, this.proofs);
    this.#watch = new PeerWatch({ ...deps, tips: this.tips, catchUp: (peer) => this.headers.catchUp(peer) });
  }

  start(): void {
    const { chain } = this.#deps;
    this.#life.add(chain.events.on('header', () => this.#onHeader()));
    for (const part of [this.headers, this.#watch, this.submitter, this.tips]) {
      part.start();
      this.#life.add(() => part.close());
    }
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** A peer passed hello. */
  onReady(peer: PeerView): void {
    this.tips.add(peer);
  }

  onGone(peer: PeerKey): void {
    this.tips.remove(peer);
  }

  /** True when no peer is known to have more work. */
  synced(): boolean {
    const best = this.#deps.chain.bestHeader().chainWork;
    const level = !this.headers.promising() && this.tips.all().every((p) => (p.known?.chainWork ?? 0n) <= best);
    if (level && this.tips.all().length > 0) this.#caughtUp = true;
    return level;
  }

  info(): LightInfo {
    const { chain, minPeers } = this.#deps;
    const peers = this.#watch.peers();
    const best = chain.bestHeader();
    const phase = this.#phase();
    const peerHeight = peers.reduce((max, p) => Math.max(max, p.height), 0);
    const rate = phase === 'synced' ? 0 : this.#rate();
    const left = Math.max(0, peerHeight - best.height);
    return {
      phase,
      headers: best.height,
      peerHeight,
      rate,
      eta: phase === 'synced' ? 0 : rate > 0 ? Math.ceil(left / rate) : undefined,
      stalledReason: this.#stalledReason(phase),
      initialDownload: !this.#caughtUp,
      servers: peers.length,
      agreeing: peers.filter((p) => p.standing === 'agrees').length,
      wanted: minPeers,
      lastHeaderMs: this.#lastHeaderMs,
      peers,
      warnings: this.#watch.warnings(),
      watchedTxs: this.submitter.watched().length,
    };
  }

  #onHeader(): void {
    const { clock, chain } = this.#deps;
    this.#lastHeaderMs = clock.nowMs();
    this.#movedMs = clock.monotonicMs();
    if (this.#movedMs - this.#since.atMs > RATE_WINDOW_MS) {
      this.#since = { atMs: this.#movedMs, height: chain.bestHeader().height };
    }
  }

  #rate(): number {
    const seconds = (this.#deps.clock.monotonicMs() - this.#since.atMs) / 1000;
    return seconds > 0 ? Math.max(0, this.#deps.chain.bestHeader().height - this.#since.height) / seconds : 0;
  }

  #phase(): LightPhase {
    if (this.tips.all().length === 0) return 'waiting-for-peers';
    if (this.synced()) return 'synced';
    const sessions = this.headers.sessions();
    return sessions.length > 0 && sessions.every((s) => s.phase !== 'headers') ? 'presync' : 'headers';
  }

  #stalledReason(phase: LightPhase): string | undefined {
    if (phase === 'synced') return undefined;
    if (phase === 'waiting-for-peers') return 'no full peer is connected';
    if (this.#deps.clock.monotonicMs() - this.#movedMs < STALL_MS) return undefined;
    const asked = this.headers.sessions().map((s) => s.peer);
    return asked.length > 0 ? `waiting for headers from ${asked.join(', ')}` : 'peers claim more work than they show';
  }
}
