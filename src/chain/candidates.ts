import type { Judge, TipWeight } from '../consensus/engine.ts';
import { assert } from '../util/assert.ts';
import type { HeaderIndex, IndexEntry } from './headerIndex.ts';

/** Arrival of blocks that lay on disk at start: the active chain came before everything else. */
const ACTIVE_AT_START = 1;
const OTHER_AT_START = 2;

/** Why undo data are missing: their files were deleted, or the block came with a snapshot of coins. */
type Floor = 'pruned' | 'snapshot';

/** Which blocks could be the tip: those whose branch is complete, good as far as known, and better than the tip. */
export class Candidates {
  readonly #judge: Judge<unknown>;
  readonly #index: HeaderIndex;
  readonly #better = new Set<IndexEntry>();
  #nextArrival = OTHER_AT_START + 1;
  readonly #floors: { [K in Floor]?: IndexEntry | undefined } = {};

  constructor(judge: Judge<unknown>, index: HeaderIndex) {
    this.#judge = judge;
    this.#index = index;
  }

  /** The tip cannot go back below `floor`, an active block: branches that do not stand on it are no candidates. */
  setFloor(kind: Floor, floor: IndexEntry | undefined): void {
    this.#floors[kind] = floor;
  }

  /** At start: `active` from genesis to tip, everything else by what is on disk. */
  load(active: readonly IndexEntry[]): void {
    for (const entry of active) if (!entry.isInvalid) entry.arrival = ACTIVE_AT_START;
    // The index holds parents before children.
    for (const entry of this.#index.values())
      if (entry.arrival === 0 && this.#linkable(entry)) entry.arrival = OTHER_AT_START;
    this.rebuild(active[active.length - 1] as IndexEntry);
  }

  /** The body of `entry` is there now: it and all descendants that waited for it may become candidates. */
  link(entry: IndexEntry, tip: IndexEntry): void {
    if (!this.#linkable(entry)) return;
    const arrival = this.#nextArrival++;
    const waiting = [entry];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at.arrival === 0) at.arrival = arrival;
      if (this.#isBetter(at, tip)) this.#better.add(at);
      for (const child of at.children()) if (this.#linkable(child)) waiting.push(child);
    }
  }

  /** Takes entries out that turned out bad; `rebuild` must follow. */
  unlink(entries: readonly IndexEntry[]): void {
    for (const entry of entries) entry.arrival = 0;
  }

  /** The block that should be the tip; `tip` itself when nothing is better. */
  best(tip: IndexEntry): IndexEntry {
    let best = tip;
    for (const entry of this.#better) {
      if (this.#isBetter(entry, best)) best = entry;
      else if (!this.#isBetter(entry, tip)) this.#better.delete(entry);
    }
    return best;
  }

  /** After the tip went back or branches became bad: looks at the last complete entry of every branch. */
  rebuild(tip: IndexEntry): void {
    this.#better.clear();
    for (const leaf of this.#index.tips) {
      let at: IndexEntry | undefined = leaf;
      while (at !== undefined && at.arrival === 0) at = at.parent;
      assert(at !== undefined, 'genesis is complete');
      if (this.#isBetter(at, tip)) this.#better.add(at);
    }
  }

  /** False for a branch that could be followed only with undo data that are not there. */
  isReachable(entry: IndexEntry): boolean {
    return this.standsOn('pruned', entry) && this.standsOn('snapshot', entry);
  }

  /** True when the branch of `entry` goes through that floor, and when there is none. */
  standsOn(kind: Floor, entry: IndexEntry): boolean {
    const floor = this.#floors[kind];
    return floor === undefined || entry.ancestor(floor.height) === floor;
  }

  #linkable(entry: IndexEntry): boolean {
    return entry.hasBody && !entry.isInvalid && (entry.parent?.arrival ?? 1) > 0;
  }

  #isBetter(a: IndexEntry, b: IndexEntry): boolean {
    return a !== b && this.#judge.better(weightOf(a), weightOf(b)) && this.isReachable(a);
  }
}

/** Ties go to the block whose branch was complete first. */
function weightOf(entry: IndexEntry): TipWeight {
  return { chainWork: entry.chainWork, sequence: entry.arrival };
}
