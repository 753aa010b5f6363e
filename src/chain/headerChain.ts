import type { Judge } from '../consensus/engine.ts';
import type { Network } from '../params/network.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import { prevHashOf, type SealedHeader } from '../primitives/header.ts';
import { type Broken, broken } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';
import { equalBytes } from '../util/bytes.ts';
import { Emitter } from '../util/events.ts';
import type { Clock } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import type { Pause } from '../util/steps.ts';
import type { HeaderChainReader, HeaderChainWriter, HeadersOutcome } from './chain.ts';
import type { HeaderEntry } from './entry.ts';
import type { ChainEvents } from './events.ts';
import { HaltSwitch, StoredChainError } from './halt.ts';
import { contextAfter, HeaderIndex, IndexEntry } from './headerIndex.ts';
import type { HeaderStore } from './ports.ts';
import { fromStored, toStored } from './storedEntry.ts';

/** What the header chain needs. Full and light nodes give the same. */
export interface HeaderChainParts {
  readonly network: Pick<Network, 'genesis' | 'chainId'>;
  readonly judge: Judge<unknown>;
  readonly store: HeaderStore;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly halt?: HaltSwitch;
  /** Asked between the steps of long work: runs of headers here, large blocks in a full chain. Default: no pauses. */
  readonly pause?: Pause;
  /** Asked between headers while they are loaded: throws when whoever opens the chain has given it up. */
  readonly checkStop?: () => void;
}

/** Headers judged in one step: about 2 ms. */
const SLICE = 100;

/**
 * The tree of judged headers, kept in memory and in a HeaderStore. One writer at a time; readers see only what is stored.
 * A header that breaks a rule leaves no trace: its hash is not remembered, because judging it again costs less than
 * remembering what anyone can make for free. Only bodies that cost work to make are remembered as invalid (chainManager).
 */
export class HeaderChain implements HeaderChainReader, HeaderChainWriter {
  readonly events = new Emitter<ChainEvents>();
  /** Inside `chain` only. */
  readonly index: HeaderIndex;
  readonly judge: Judge<unknown>;
  readonly #store: HeaderStore;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #halt: HaltSwitch;
  readonly #pause: Pause | undefined;
  readonly #queue = new SerialQueue();
  #best: IndexEntry;
  #nextSequence: number;

  private constructor(parts: HeaderChainParts, index: HeaderIndex, nextSequence: number) {
    this.index = index;
    this.judge = parts.judge;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#halt = parts.halt ?? new HaltSwitch();
    this.#pause = parts.pause;
    this.#nextSequence = nextSequence;
    this.#best = index.genesis;
    this.#best = this.#findBest();
  }

  /**
   * Loads what the store has; a new store gets the genesis header. Headers whose parent is missing are left out: headers are
   * not written durably one by one, so a power cut may take some from between others. They come again from peers.
   */
  static async open(parts: HeaderChainParts): Promise<HeaderChain> {
    const { judge, network } = parts;
    let index: HeaderIndex | undefined;
    let next = 0;
    let read = 0;
    for await (const stored of parts.store.loadHeaders()) {
      if (++read % SLICE === 0) parts.checkStop?.();
      next = Math.max(next, stored.sequence + 1);
      if (index === undefined) {
        const genesis = fromStored(stored, undefined, judge);
        if (genesis.header.key !== hashKey(network.chainId))
          throw new StoredChainError(`its genesis is ${genesis.header.id}`);
        index = new HeaderIndex(genesis);
        continue;
      }
      const parent = index.get(prevHashOf(stored.header80));
      if (parent === undefined) continue;
      const entry = fromStored(stored, parent, judge);
      index.add(entry);
      inheritFault(entry);
    }
    if (index === undefined) {
      const genesis = new IndexEntry(network.genesis, undefined, judge.genesis(), next++);
      await parts.store.putHeaders([toStored(genesis, judge)]);
      index = new HeaderIndex(genesis);
    }
    return new HeaderChain(parts, index, next);
  }

  get genesis(): HeaderEntry {
    return this.index.genesis;
  }

  /** As bestHeader, inside `chain`. */
  get best(): IndexEntry {
    return this.#best;
  }

  bestHeader(): HeaderEntry {
    return this.#best;
  }

  entry(hash: Hash256): HeaderEntry | undefined {
    return this.index.get(hash);
  }

  ancestor(of: HeaderEntry, height: number): HeaderEntry | undefined {
    return this.own(of).ancestor(height);
  }

  locator(of: HeaderEntry): Hash256[] {
    return this.index.locator(this.own(of));
  }

  findFork(locator: readonly Hash256[], tip: HeaderEntry): HeaderEntry {
    const branch = this.own(tip);
    for (const hash of locator) {
      const entry = this.index.get(hash);
      if (entry !== undefined && branch.ancestor(entry.height) === entry) return entry;
    }
    return this.index.genesis;
  }

  tips(): readonly HeaderEntry[] {
    return [...this.index.tips];
  }

  /** For limits and metrics: headers in memory, tips, and headers that are not on the best branch. */
  counters(): { readonly headers: number; readonly tips: number; readonly offBranch: number } {
    const { size } = this.index;
    return { headers: size, tips: this.index.tips.size, offBranch: size - this.#best.height - 1 };
  }

  acceptHeaders(headers: readonly SealedHeader[]): Promise<HeadersOutcome> {
    return this.#queue.run(() => this.#accept(headers));
  }

  /** Our entry for one that may come from outside. */
  own(entry: HeaderEntry): IndexEntry {
    const found = entry instanceof IndexEntry ? entry : this.index.get(entry.header.hash);
    assert(found !== undefined, `header ${entry.header.id} is not in the tree`);
    return found;
  }

  /** Chooses the best header again: after entries became invalid, or good again. */
  refreshBest(): void {
    const best = this.#findBest();
    if (best === this.#best) return;
    this.#best = best;
    this.#halt.tell(this.events, 'bestHeader', { entry: best });
  }

  /** Judges in order; stores what is new in one write; then memory; then events. */
  async #accept(headers: readonly SealedHeader[]): Promise<HeadersOutcome> {
    this.#halt.check();
    const added: IndexEntry[] = [];
    const fresh = new Map<string, IndexEntry>();
    let last: IndexEntry | undefined;
    let error: Broken | undefined;
    for (const sealed of headers) {
      const known = this.index.byKey(sealed.header.key) ?? fresh.get(sealed.header.key);
      const verdict = known === undefined ? this.#judgeNew(sealed, fresh) : this.#judgeAgain(sealed, known);
      if (!(verdict instanceof IndexEntry)) {
        error = verdict;
        break;
      }
      last = verdict;
      if (known !== undefined) continue;
      fresh.set(verdict.header.key, verdict);
      added.push(verdict);
      if (added.length % SLICE === 0) await this.#pause?.();
    }
    if (added.length > 0) {
      await this.#halt.guard(() => this.#store.putHeaders(added.map((entry) => toStored(entry, this.judge))));
      this.#adopt(added);
    }
    return { added, last, error };
  }

  #judgeNew(sealed: SealedHeader, fresh: ReadonlyMap<string, IndexEntry>): IndexEntry | Broken {
    const { header } = sealed;
    const parent = this.index.get(header.prevHash) ?? fresh.get(hashKey(header.prevHash));
    if (parent === undefined) return broken('prev-blk-not-found', `parent of ${header.id} is unknown`);
    if (parent.isInvalid) return broken('bad-prevblk', `${header.id} extends invalid ${parent.header.id}`);
    const verdict = this.judge.verify(sealed, contextAfter(parent), parent.state, this.#clock.nowMs());
    if (!verdict.ok) return verdict;
    return new IndexEntry(sealed, parent, verdict.value, this.#nextSequence + fresh.size);
  }

  /** Of a known header only the seal can differ: a bad one makes this copy bad, whatever is known of the hash (rule S1). */
  #judgeAgain(sealed: SealedHeader, known: IndexEntry): IndexEntry | Broken {
    const { parent } = known;
    if (known.isInvalid) return broken('duplicate-invalid', `block ${known.header.id} is known as ${known.status}`);
    if (equalBytes(sealed.seal, known.seal)) return known;
    if (parent === undefined) return broken('bad-seal', 'the genesis block has no other seal');
    const verdict = this.judge.verify(sealed, contextAfter(parent), parent.state, this.#clock.nowMs());
    return verdict.ok ? known : verdict;
  }

  #adopt(added: readonly IndexEntry[]): void {
    this.#nextSequence += added.length;
    const before = this.#best;
    for (const entry of added) {
      this.index.add(entry);
      inheritFault(entry);
      if (!entry.isInvalid && this.judge.better(entry, this.#best)) this.#best = entry;
    }
    for (const entry of added) this.#halt.tell(this.events, 'header', { entry });
    if (this.#best !== before) this.#halt.tell(this.events, 'bestHeader', { entry: this.#best });
  }

  /** The best of every branch's last valid header: walks back from each tip over invalid entries. */
  #findBest(): IndexEntry {
    let best = this.index.genesis;
    for (const tip of this.index.tips) {
      let at = tip;
      while (at.isInvalid && at.parent !== undefined) at = at.parent;
      if (at !== best && this.judge.better(at, best)) best = at;
    }
    return best;
  }
}

/** A header may have been on its way to the disk while its parent turned out to be invalid. */
function inheritFault(entry: IndexEntry): void {
  if (entry.parent?.isInvalid === true && !entry.isInvalid) entry.status = 'invalid-ancestor';
}
