import type { HeaderChainReader, HeaderChainWriter } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import type { SealedHeader } from '../primitives/header.ts';
import { type Broken, broken } from '../primitives/rules.ts';
import { unreachable } from '../util/assert.ts';
import type { Clock, Random } from '../util/ports.ts';
import { ask, faultOf, type PeerPorts, requestErrorOf } from '../wire/messages/ask.ts';
import { MAX_LOCATOR } from '../wire/messages/headers.ts';
import { type HeadersAnswer, headersQuestion } from '../wire/messages/questions.ts';
import type { PeerKey, PeerRequestError, StreamName } from '../wire/peer.ts';
import { type HeaderJudge, HeaderWalk } from './headerWalk.ts';
import type { Claim } from './peerTips.ts';
import { Commitments, presyncStep, Redownload } from './presync.ts';

export interface HeaderSessionDeps {
  readonly chain: HeaderChainReader & HeaderChainWriter;
  readonly net: PeerPorts;
  readonly judge: HeaderJudge;
  readonly clock: Clock;
  readonly random: Random;
  readonly stream: StreamName;
  /** Headers a judge may look back (protocol: the retarget interval). */
  readonly lookback: number;
  readonly maxFutureSeconds: number;
  /** The active tip of a full node, the best header of a light one. */
  readonly anchor: () => HeaderEntry;
  /** Chain work that a chain must show before its headers take memory. */
  readonly minimumWork: () => bigint;
  /** False while another chain is being made to show its work: one at a time is enough. */
  readonly mayPresync: () => boolean;
  /** False for a header so far above the anchor that none may be added on it before bodies follow. */
  readonly mayExtend: (entry: HeaderEntry) => boolean;
}

/** How a session with one peer ended. */
export type SessionEnd =
  /** All that the peer has is in our tree. */
  | { readonly end: 'complete'; readonly last: HeaderEntry | undefined }
  /** The peer's chain has too little work to be kept; an honest peer that is behind looks like that. */
  | { readonly end: 'low-work' }
  /** It has more headers than may be kept without bodies: the rest is asked for when our tip is nearer. */
  | { readonly end: 'far-ahead'; readonly last: HeaderEntry }
  /** A header's time has not come; kept by the caller. */
  | { readonly end: 'future'; readonly sealed: SealedHeader; readonly last: HeaderEntry | undefined }
  /** The peer broke a rule. */
  | { readonly end: 'broken'; readonly fault: Broken }
  /** No answer that says anything: try another peer. */
  | { readonly end: 'failed'; readonly error: PeerRequestError };

type State =
  /** `base`: the last header that the peer sent, undefined before the first answer. */
  | { readonly phase: 'headers'; readonly base: HeaderEntry | undefined }
  | {
      readonly phase: 'presync';
      readonly walk: HeaderWalk;
      readonly commitments: Commitments;
      readonly maxHeight: number;
    }
  | { readonly phase: 'redownload'; readonly pass: Redownload; readonly commitments: Commitments };

export type SessionPhase = State['phase'];

/** Headers that a claim may be short by: blocks found while we ask. */
const CLAIM_SLACK = 4000;
/** BIP113 lets time advance by one second per six headers at least, so no chain can be longer than this allows. */
const HEADERS_PER_SECOND = 6;

/** Downloads one peer's headers from the fork with our chain to its tip; one request at a time. */
export class HeaderSession {
  readonly peer: PeerKey;
  readonly #deps: HeaderSessionDeps;
  readonly claim: Claim;
  readonly #onAdded: (added: readonly HeaderEntry[], last: HeaderEntry) => void;
  #state: State;
  #lastAnswerMs: number;
  #added = 0;
  #stopped = false;

  /** `onAdded` hears of each batch that entered the tree. */
  constructor(
    deps: HeaderSessionDeps,
    peer: PeerKey,
    claim: Claim,
    onAdded: (added: readonly HeaderEntry[], last: HeaderEntry) => void,
  ) {
    this.#deps = deps;
    this.peer = peer;
    this.claim = claim;
    this.#lastAnswerMs = deps.clock.monotonicMs();
    this.#onAdded = onAdded;
    this.#state = { phase: 'headers', base: undefined };
  }

  get phase(): SessionPhase {
    return this.#state.phase;
  }
  /** Height of the last header seen in this session. */
  get height(): number {
    const state = this.#state;
    if (state.phase === 'headers') return (state.base ?? this.#deps.chain.bestHeader()).height;
    return state.phase === 'presync' ? state.walk.height : state.pass.walk.height;
  }

  /** Monotonic milliseconds of the last answer, or of the start. */
  get lastAnswerMs(): number {
    return this.#lastAnswerMs;
  }
  /** Headers that entered the tree by this session. */
  get added(): number {
    return this.#added;
  }

  /** Ends the session; the answer under way is dropped. */
  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<SessionEnd> {
    for (;;) {
      const question = headersQuestion(this.#deps.stream, this.#locator());
      let answer: HeadersAnswer;
      try {
        answer = await ask(this.#deps.net, this.peer, question);
      } catch (error) {
        return this.#failure(requestErrorOf(error));
      }
      if (this.#stopped) return { end: 'complete', last: undefined };
      this.#lastAnswerMs = this.#deps.clock.monotonicMs();
      const end = await this.#take(answer);
      if (end !== undefined) return end;
    }
  }

  #failure(error: PeerRequestError): SessionEnd {
    const fault = faultOf(error);
    return fault === undefined ? { end: 'failed', error } : { end: 'broken', fault: broken(fault, error.message) };
  }

  #locator(): Hash256[] {
    const state = this.#state;
    const { chain } = this.#deps;
    if (state.phase === 'headers') return state.base === undefined ? this.#firstLocator() : chain.locator(state.base);
    const walk = state.phase === 'presync' ? state.walk : state.pass.walk;
    const known = chain.locator(walk.start);
    return walk.height === walk.start.height ? known : [walk.last.hash, ...known.slice(0, MAX_LOCATOR - 1)];
  }

  /**
   * Where our branches run: the best header's and the active tip's, highest first. The best header may stand on a chain
   * that nobody delivers bodies for, and a peer on the tip's branch must not be made to repeat half of it.
   */
  #firstLocator(): Hash256[] {
    const { chain, anchor } = this.#deps;
    const best = chain.locator(chain.bestHeader());
    if (chain.ancestor(chain.bestHeader(), anchor().height) === anchor()) return best;
    const known = new Map([...best, ...chain.locator(anchor())].map((hash) => [hashKey(hash), hash]));
    const height = (hash: Hash256): number => chain.entry(hash)?.height ?? 0;
    const all = [...known.values()].sort((a, b) => height(b) - height(a));
    return all.length <= MAX_LOCATOR ? all : [...all.slice(0, MAX_LOCATOR - 1), all.at(-1) as Hash256];
  }

  #take(answer: HeadersAnswer): Promise<SessionEnd | undefined> | SessionEnd | undefined {
    const state = this.#state;
    switch (state.phase) {
      case 'headers':
        return this.#takeHeaders(state.base, answer);
      case 'presync':
        return this.#takePresync(state, answer);
      case 'redownload':
        return this.#takeRedownload(state, answer);
      default:
        return unreachable(state, 'session phase');
    }
  }

  async #takeHeaders(base: HeaderEntry | undefined, answer: HeadersAnswer): Promise<SessionEnd | undefined> {
    const first = answer.headers[0];
    if (first === undefined) return { end: 'complete', last: undefined };
    const start = this.#deps.chain.entry(first.header.prevHash);
    if (start === undefined) return this.#unconnected(first);
    if (!this.#deps.mayExtend(start)) return { end: 'far-ahead', last: start };
    const minimum = this.#deps.minimumWork();
    if (start.chainWork < minimum) {
      const end = this.#weigh(start, answer, minimum);
      if (end !== undefined || this.#state.phase !== 'headers') return end;
    }
    const outcome = await this.#accept(answer.headers);
    if (outcome.end !== undefined) return outcome.end;
    // An answer that leads nowhere new would be asked for again without end.
    const stuck = base !== undefined && outcome.last.height <= base.height;
    if (!answer.more || stuck) return { end: 'complete', last: outcome.last };
    this.#state = { phase: 'headers', base: outcome.last };
    return undefined;
  }

  /** Judges without keeping: enough work → undefined, and the caller keeps them; otherwise an end or the presync phase. */
  #weigh(start: HeaderEntry, answer: HeadersAnswer, minimum: bigint): SessionEnd | undefined {
    const walk = this.#walk(start);
    const commitments = new Commitments(this.#deps.random);
    const claimed = Math.max(this.claim.height, start.height) + CLAIM_SLACK;
    const seconds = this.#deps.clock.nowMs() / 1000 + this.#deps.maxFutureSeconds - start.medianTime;
    const maxHeight = Math.min(claimed, start.height + Math.ceil(Math.max(0, seconds) * HEADERS_PER_SECOND));
    const step = presyncStep(walk, commitments, { work: minimum, maxHeight }, answer, this.#deps.clock.nowMs());
    if (!step.ok) return this.#broken(step, this.#headerAfter(walk, answer.headers), undefined);
    if (step.value.next === 'enough') return undefined;
    const pointless = step.value.next === 'short' || this.claim.chainWork < minimum;
    if (pointless || !this.#deps.mayPresync()) return { end: 'low-work' };
    this.#state = { phase: 'presync', walk, commitments, maxHeight };
    return undefined;
  }

  #takePresync(state: State & { phase: 'presync' }, answer: HeadersAnswer): SessionEnd | undefined {
    const { walk, commitments, maxHeight } = state;
    const first = answer.headers[0];
    if (first !== undefined && hashKey(first.header.prevHash) !== walk.last.key) return this.#unconnected(first);
    const work = this.#deps.minimumWork();
    const step = presyncStep(walk, commitments, { work, maxHeight }, answer, this.#deps.clock.nowMs());
    if (!step.ok) return this.#broken(step, this.#headerAfter(walk, answer.headers), undefined);
    if (step.value.next === 'short') {
      // It said it had the work, and work only grows: the claim was a lie.
      return { end: 'broken', fault: broken('bad-answer', `its chain ends at ${walk.height} with work ${walk.work}`) };
    }
    if (step.value.next === 'enough') {
      const pass = new Redownload(this.#walk(walk.start), commitments, walk.work);
      this.#state = { phase: 'redownload', pass, commitments };
    }
    return undefined;
  }

  async #takeRedownload(
    state: State & { phase: 'redownload' },
    answer: HeadersAnswer,
  ): Promise<SessionEnd | undefined> {
    const { pass } = state;
    const first = answer.headers[0];
    if (first === undefined) return this.#shrunk(pass);
    if (hashKey(first.header.prevHash) !== pass.walk.last.key) return this.#unconnected(first);
    const ready = pass.step(answer.headers, this.#deps.clock.nowMs());
    if (!ready.ok) return this.#broken(ready, this.#headerAfter(pass.walk, answer.headers), undefined);
    let last = pass.walk.start;
    if (ready.value.length > 0) {
      const outcome = await this.#accept(ready.value);
      if (outcome.end !== undefined) return outcome.end;
      last = outcome.last;
    }
    if (pass.complete) {
      if (!answer.more) return { end: 'complete', last };
      this.#state = { phase: 'headers', base: last };
      return undefined;
    }
    return answer.more ? undefined : this.#shrunk(pass);
  }

  #shrunk(pass: Redownload): SessionEnd {
    return { end: 'broken', fault: broken('bad-answer', `its chain ended at ${pass.walk.height} the second time`) };
  }

  /** Puts headers into the tree. */
  async #accept(
    headers: readonly SealedHeader[],
  ): Promise<{ readonly end: SessionEnd } | { readonly end: undefined; readonly last: HeaderEntry }> {
    const outcome = await this.#deps.chain.acceptHeaders(headers);
    this.#added += outcome.added.length;
    if (outcome.last !== undefined) this.#onAdded(outcome.added, outcome.last);
    if (outcome.error !== undefined) {
      const refused = headers[this.#indexAfter(headers, outcome.last)];
      return { end: this.#broken(outcome.error, refused, outcome.last) };
    }
    if (outcome.last === undefined) return { end: { end: 'complete', last: undefined } };
    return { end: undefined, last: outcome.last };
  }

  #indexAfter(headers: readonly SealedHeader[], last: HeaderEntry | undefined): number {
    return last === undefined ? 0 : headers.findIndex((h) => h.header.key === last.header.key) + 1;
  }

  #headerAfter(walk: HeaderWalk, headers: readonly SealedHeader[]): SealedHeader | undefined {
    return headers.find((h) => hashKey(h.header.prevHash) === walk.last.key);
  }

  #broken(fault: Broken, refused: SealedHeader | undefined, last: HeaderEntry | undefined): SessionEnd {
    if (fault.rule === 'time-too-new' && refused !== undefined) return { end: 'future', sealed: refused, last };
    return { end: 'broken', fault };
  }

  /** The answer must continue at a hash of the locator. */
  #unconnected(first: SealedHeader): SessionEnd {
    const detail = `header ${first.header.id} does not continue what was asked for`;
    return { end: 'broken', fault: broken('bad-answer', detail) };
  }

  #walk(start: HeaderEntry): HeaderWalk {
    return new HeaderWalk(this.#deps.judge, this.#deps.chain, start, this.#deps.lookback);
  }
}
