import type { HeaderChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import { workOf } from '../primitives/compact.ts';
import { hashKey } from '../primitives/hash.ts';
import type { BlockHeader, SealedHeader } from '../primitives/header.ts';
import { MEDIAN_TIME_SPAN, medianTimePast } from '../primitives/medianTime.ts';
import { broken, type Check, PASSED } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';

/** What a judge may ask about the ancestors of the header it judges (shape of consensus' HeaderContext). */
export interface WalkContext {
  readonly height: number;
  readonly parent: BlockHeader;
  ancestor(height: number): BlockHeader;
  medianTimePast(): number;
}

/** The part of an engine's Judge that the sync needs. */
export interface HeaderJudge {
  verify(sealed: SealedHeader, ctx: WalkContext, state: unknown, nowMs: number): Check<unknown>;
}

/**
 * Judges headers after a known one and forgets them again: nothing enters the tree. Kept are the engine's state, the last
 * `lookback` headers and the first one after the start (ASERT is anchored at block 1).
 */
export class HeaderWalk {
  readonly #judge: HeaderJudge;
  readonly #chain: Pick<HeaderChainReader, 'ancestor'>;
  readonly #start: HeaderEntry;
  readonly #lookback: number;
  #first: BlockHeader | undefined;
  #recent: BlockHeader[] = [];
  #state: unknown;
  #height: number;
  #work: bigint;

  /** `lookback`: how far the judge may look back, at least 11 (a retarget period for Bitcoin's difficulty). */
  constructor(judge: HeaderJudge, chain: Pick<HeaderChainReader, 'ancestor'>, start: HeaderEntry, lookback: number) {
    this.#judge = judge;
    this.#chain = chain;
    this.#start = start;
    this.#lookback = Math.max(lookback, MEDIAN_TIME_SPAN);
    this.#state = start.state;
    this.#height = start.height;
    this.#work = start.chainWork;
  }

  get start(): HeaderEntry {
    return this.#start;
  }
  get height(): number {
    return this.#height;
  }
  /** Work of the chain from genesis to the last header walked. */
  get work(): bigint {
    return this.#work;
  }
  get last(): BlockHeader {
    return this.#recent.at(-1) ?? this.#start.header;
  }

  /** Judges the next header. Rules: those of the judge; prev-blk-not-found when it does not extend the last one. */
  step(sealed: SealedHeader, nowMs: number): Check {
    const parent = this.last;
    if (hashKey(sealed.header.prevHash) !== parent.key) {
      return broken('prev-blk-not-found', `header ${sealed.header.id} does not extend ${parent.id}`);
    }
    const verdict = this.#judge.verify(sealed, this.#context(parent), this.#state, nowMs);
    if (!verdict.ok) return verdict;
    this.#state = verdict.value;
    this.#height++;
    this.#work += workOf(sealed.header.bits);
    this.#first ??= sealed.header;
    this.#recent.push(sealed.header);
    // Shifting one by one would move the whole array for every header.
    if (this.#recent.length >= 2 * this.#lookback) this.#recent = this.#recent.slice(-this.#lookback);
    return PASSED;
  }

  #context(parent: BlockHeader): WalkContext {
    return {
      height: this.#height + 1,
      parent,
      ancestor: (height) => this.#ancestor(height),
      medianTimePast: () => this.#medianTimePast(),
    };
  }

  #ancestor(height: number): BlockHeader {
    if (height <= this.#start.height) {
      const entry = this.#chain.ancestor(this.#start, height);
      assert(entry !== undefined, `no ancestor at height ${height} of ${this.#start.height}`);
      return entry.header;
    }
    const back = this.#height - height;
    const header = height === this.#start.height + 1 ? this.#first : this.#recent[this.#recent.length - 1 - back];
    assert(header !== undefined, `the walk at ${this.#height} no longer holds height ${height}`);
    return header;
  }

  #medianTimePast(): number {
    return medianTimePast(this.#height, (height) => this.#ancestor(height).time);
  }
}
