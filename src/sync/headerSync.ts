import type { HeaderEntry } from '../chain/entry.ts';
import { workOf } from '../primitives/compact.ts';
import type { SealedHeader } from '../primitives/header.ts';
import { effectOf } from '../primitives/rules.ts';
import { unreachable } from '../util/assert.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Logger, Timers } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';
import { FutureHeaders } from './futureHeaders.ts';
import { HeaderBudget } from './headerBudget.ts';
import { HeaderSession, type HeaderSessionDeps, type SessionEnd, type SessionPhase } from './headerSession.ts';
import { Patience } from './patience.ts';
import type { Claim, PeerTip, PeerTips } from './peerTips.ts';

export interface HeaderSyncDeps extends Omit<HeaderSessionDeps, 'minimumWork' | 'mayPresync' | 'mayExtend'> {
  readonly tips: PeerTips;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Known work of the real chain, 0 where none is known. */
  readonly minChainWork: bigint;
  /** Headers that a chain may run ahead of the anchor; default HEADERS_AHEAD. */
  readonly headersAhead?: number;
  /** Our own failure (disk, bug): the app stops the node. */
  readonly fail: (error: unknown) => void;
}

/** A fork of so many blocks of today's difficulty is looked at; one that starts deeper must show its work first (A.3). */
const WORK_SLACK_BLOCKS = 144n;
/** A first download is taken from one peer at a time: two would send the same. */
const BULK_HEADERS = 200;
/** … unless that peer has been silent for so long: then another is asked as well. */
const SLOW_MS = 3000;
/**
 * Headers above the anchor, about 100 MB: where hashes are cheap, a chain that nobody has bodies of must not fill memory.
 * A first download does not notice, since bodies are fetched meanwhile. (A light node's anchor is its best header.)
 */
const HEADERS_AHEAD = 100_000;
/** Several peers may be asked at once, so that a silent one costs no time. */
const MAX_SESSIONS = 8;
/** What a batch of headers beyond our tip costs at most of the side header budget when it does not raise the best. */
const BETTER_BATCH_COST = 200;
/** Pause before the same peer is asked again after a session without gain. */
const RETRY_MS = 5000;
/** Pause after a session that brought nothing: gossip with unknown parents must not make us ask without end. */
const IDLE_MS = 1000;
/** A peer that told of more work than it showed is asked again only with this pause, and blamed at the third time. */
const OVERCLAIM_MS = 30_000;
const OVERCLAIMS = 3;
const TICK_MS = 1000;
/**
 * Gossip that leads nowhere is free to make, and gossipsub remembers each message for minutes. An honest peer sends a few
 * while we are behind; on regtest it may make thousands of blocks in seconds.
 */
const USELESS_GOSSIP = { burst: 20_000, refill: 20 };

interface PeerState {
  notBeforeMs: number;
  overclaims: number;
  /** Set by gossip: ask even though the peer claims no more work than ours. */
  wanted: boolean;
}

/** Headers first: from every peer that has more work than our chain, near the tip from several at once. */
export class HeaderSync {
  readonly #deps: HeaderSyncDeps;
  readonly #sessions = new Map<PeerKey, HeaderSession>();
  readonly #states = new Map<PeerKey, PeerState>();
  readonly #future: FutureHeaders;
  readonly #budget: HeaderBudget;
  readonly #useless: HeaderBudget;
  readonly #patience: Patience;
  readonly #life = new Lifetime();

  constructor(deps: HeaderSyncDeps) {
    this.#deps = deps;
    this.#future = new FutureHeaders(deps.maxFutureSeconds);
    this.#budget = new HeaderBudget(deps.clock);
    this.#useless = new HeaderBudget(deps.clock, USELESS_GOSSIP);
    this.#patience = new Patience(deps.net, deps.clock);
  }

  start(): void {
    const { tips, timers } = this.#deps;
    this.#life.add(tips.events.on('claim', () => this.#schedule()));
    this.#life.add(tips.events.on('gone', ({ key }) => this.#forget(key)));
    this.#life.add(timers.every(TICK_MS, () => this.#tick()));
    this.#schedule();
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.stop();
    await this.#life.close();
  }

  /** What runs now, for progress reports: the sessions' phases, peers and heights. */
  sessions(): readonly { readonly peer: PeerKey; readonly phase: SessionPhase; readonly height: number }[] {
    return [...this.#sessions.values()].map(({ peer, phase, height }) => ({ peer, phase, height }));
  }

  get futureHeaders(): number {
    return this.#future.size;
  }

  /** True while a peer promises more work than our chain and has not been caught promising too much. */
  promising(): boolean {
    const now = this.#deps.clock.monotonicMs();
    return this.#sessions.size > 0 || this.#deps.tips.all().some((peer) => this.#promises(peer, now));
  }

  /** The peer showed something whose parent we lack: ask it for headers, whatever it claims. */
  catchUp(peer: PeerKey): void {
    if (this.#deps.tips.get(peer) === undefined) return;
    this.#state(peer).wanted = true;
    this.#schedule();
  }

  /** Keeps a header that comes too early (rule H4) until its time. */
  keepForLater(peer: PeerKey, sealed: SealedHeader): void {
    this.#future.add(peer, sealed);
  }

  /** False: a header of these bits on `parent` is too cheap to be kept ('too-little-chainwork'), or too far ahead. */
  worthKeeping(parent: HeaderEntry, bits: number): boolean {
    return parent.chainWork + workOf(bits) >= this.#minimumWork() && this.#mayExtend(parent);
  }

  /** Charges a peer for a header that is not our best one; false when it floods us. */
  chargeSideHeader(peer: PeerKey, entry: HeaderEntry): boolean {
    return entry === this.#deps.chain.bestHeader() || this.#budget.charge(peer, 1);
  }

  /** Charges a peer for gossip that was judged by nothing but its place; false when it floods us. */
  chargeUseless(peer: PeerKey): boolean {
    return this.#useless.charge(peer, 1);
  }

  #mayExtend(entry: HeaderEntry): boolean {
    return entry.height - this.#deps.anchor().height < (this.#deps.headersAhead ?? HEADERS_AHEAD);
  }

  #minimumWork(): bigint {
    const anchor = this.#deps.anchor();
    const slack = WORK_SLACK_BLOCKS * workOf(anchor.header.bits);
    const near = anchor.chainWork > slack ? anchor.chainWork - slack : 0n;
    return near > this.#deps.minChainWork ? near : this.#deps.minChainWork;
  }

  #state(peer: PeerKey): PeerState {
    let state = this.#states.get(peer);
    if (state === undefined) {
      state = { notBeforeMs: 0, overclaims: 0, wanted: false };
      this.#states.set(peer, state);
    }
    return state;
  }

  #forget(peer: PeerKey): void {
    this.#sessions.get(peer)?.stop();
    this.#sessions.delete(peer);
    this.#states.delete(peer);
    this.#schedule();
  }

  #tick(): void {
    void this.#retryFuture().catch((error: unknown) => this.#fail(error));
    this.#schedule();
  }

  async #retryFuture(): Promise<void> {
    const { chain, clock, tips, logger } = this.#deps;
    for (const { sealed, peer } of this.#future.takeDue(clock.nowMs())) {
      const outcome = await chain.acceptHeaders([sealed]);
      if (outcome.last !== undefined) {
        logger.debug({ hash: sealed.header.id, peer }, 'header from the future accepted');
        tips.refresh();
        tips.has(peer, outcome.last);
        this.catchUp(peer);
      } else if (outcome.error?.rule === 'time-too-new') this.#future.add(peer, sealed);
      else if (outcome.error?.rule === 'prev-blk-not-found') this.catchUp(peer);
    }
  }

  /** Starts sessions with the peers that promise most, as many as may run. */
  #schedule(): void {
    if (this.#life.closed) return;
    const now = this.#deps.clock.monotonicMs();
    const candidates = this.#deps.tips
      .all()
      .filter((peer) => !this.#sessions.has(peer.key) && this.#promises(peer, now))
      .sort((a, b) => (a.claim.chainWork < b.claim.chainWork ? 1 : a.claim.chainWork > b.claim.chainWork ? -1 : 0));
    for (const peer of candidates) if (this.#mayRun(peer)) this.#run(peer);
  }

  #promises(peer: PeerTip, now: number): boolean {
    const state = this.#state(peer.key);
    if (now < state.notBeforeMs) return false;
    if (peer.known !== undefined && !this.#mayExtend(peer.known)) return false;
    if (state.wanted) return true;
    const { chain } = this.#deps;
    // Not the best header's work: that may be a chain without bodies, and what the peer has is better than our tip.
    if (peer.claim.chainWork <= this.#deps.anchor().chainWork) return false;
    return chain.entry(peer.claim.hash) === undefined;
  }

  #mayRun(peer: PeerTip): boolean {
    if (this.#sessions.size >= MAX_SESSIONS) return false;
    if (!this.#isBulk(peer.claim)) return true;
    const recent = this.#deps.clock.monotonicMs() - SLOW_MS;
    // A chain that must show its work first keeps nobody else waiting.
    const busy = [...this.#sessions.values()].filter((s) => s.phase === 'headers' && this.#isBulk(s.claim));
    return !busy.some((s) => s.lastAnswerMs > recent);
  }

  #isBulk(claim: Claim): boolean {
    return claim.height - this.#deps.chain.bestHeader().height > BULK_HEADERS;
  }

  #mayPresync(): boolean {
    return ![...this.#sessions.values()].some((s) => s.phase !== 'headers');
  }

  #run(peer: PeerTip): void {
    const state = this.#state(peer.key);
    state.wanted = false;
    const { tips, chain } = this.#deps;
    const before = chain.bestHeader();
    const deps = {
      ...this.#deps,
      minimumWork: () => this.#minimumWork(),
      mayPresync: () => this.#mayPresync(),
      mayExtend: (entry: HeaderEntry) => this.#mayExtend(entry),
    };
    const session = new HeaderSession(deps, peer.key, peer.claim, (added, last) => {
      tips.has(peer.key, last);
      tips.refresh();
      this.#chargeFor(peer.key, added);
    });
    this.#sessions.set(peer.key, session);
    this.#deps.logger.debug({ peer: peer.key, height: peer.claim.height }, 'asking for headers');
    session
      .run()
      .then((end) => this.#ended(session, peer, before, end))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        if (this.#sessions.get(peer.key) === session) this.#sessions.delete(peer.key);
        this.#schedule();
      });
  }

  #chargeFor(peer: PeerKey, added: readonly HeaderEntry[]): void {
    const { chain, anchor, net } = this.#deps;
    const last = added.at(-1);
    if (last === undefined || last === chain.bestHeader()) return;
    // Better than our tip, if not the best header: an honest chain that a liar's headers outweigh looks like that.
    const cost = last.chainWork > anchor().chainWork ? Math.min(added.length, BETTER_BATCH_COST) : added.length;
    if (this.#budget.charge(peer, cost)) return;
    net.penalize(peer, 'header-flood', 'too many headers that lead to no better chain');
  }

  #ended(session: HeaderSession, peer: PeerTip, before: HeaderEntry, end: SessionEnd): void {
    if (this.#sessions.get(peer.key) !== session) return;
    const { net, logger, clock, tips, chain } = this.#deps;
    const state = this.#state(peer.key);
    const pause = (ms: number): void => {
      state.notBeforeMs = clock.monotonicMs() + ms;
    };
    switch (end.end) {
      case 'complete':
        if (end.last !== undefined) tips.has(peer.key, end.last);
        if (session.added === 0) pause(IDLE_MS);
        this.#checkClaim(session, state, pause);
        break;
      case 'low-work':
        logger.debug({ peer: peer.key }, 'headers with too little work ignored');
        pause(OVERCLAIM_MS);
        break;
      case 'far-ahead':
        logger.debug({ peer: peer.key, height: end.last.height }, 'enough headers ahead of the blocks');
        tips.has(peer.key, end.last);
        pause(RETRY_MS);
        break;
      case 'future':
        logger.debug({ peer: peer.key, time: end.sealed.header.time }, 'header from the future kept until its time');
        this.#future.add(peer.key, end.sealed);
        pause(OVERCLAIM_MS);
        break;
      case 'broken':
        logger.warn({ peer: peer.key, rule: end.fault.rule, detail: end.fault.detail }, 'bad headers');
        if (effectOf(end.fault.rule).penalty > 0) net.penalize(peer.key, end.fault.rule, end.fault.detail);
        pause(OVERCLAIM_MS);
        break;
      case 'failed':
        logger.debug({ peer: peer.key, reason: end.error.reason }, 'no headers');
        if (end.error.reason === 'timeout') this.#patience.timedOut(peer.key, `HEADERS: ${end.error.message}`);
        pause(RETRY_MS);
        break;
      default:
        unreachable(end, 'session end');
    }
    if (chain.bestHeader() !== before) {
      logger.info({ height: chain.bestHeader().height, peer: peer.key }, 'headers advanced');
    }
  }

  /** Work only grows: a peer whose headers end below what it said did not tell the truth. */
  #checkClaim({ peer, claim }: HeaderSession, state: PeerState, pause: (ms: number) => void): void {
    const known = this.#deps.tips.get(peer)?.known;
    if (known !== undefined && known.chainWork >= claim.chainWork) {
      state.overclaims = 0;
      return;
    }
    if (claim.chainWork <= this.#deps.anchor().chainWork) return;
    state.overclaims++;
    pause(OVERCLAIM_MS);
    if (state.overclaims % OVERCLAIMS === 0) {
      const detail = `claims work ${claim.chainWork}, showed ${known?.chainWork ?? 0n}`;
      this.#deps.net.penalize(peer, 'bad-answer', detail);
    }
  }

  /** What breaks while everything is being closed is no failure. */
  #fail(error: unknown): void {
    if (!this.#life.closed) this.#deps.fail(error);
  }
}
