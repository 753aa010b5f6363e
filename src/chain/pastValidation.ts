import { CoinSetStats } from '../ledger/coinSetStats.ts';
import { genesisDiff } from '../ledger/genesisDiff.ts';
import type { Network } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import { displayHash, type Hash256 } from '../primitives/hash.ts';
import { type Check, PASSED } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';
import { equalBytes } from '../util/bytes.ts';
import type { Pause } from '../util/steps.ts';
import type { HeaderEntry } from './entry.ts';
import { finishFlush } from './finishFlush.ts';
import type { IndexEntry } from './headerIndex.ts';
import { judgeCoins } from './judgeBlock.ts';
import type { ChainStore, PastCoins, ScriptChecker } from './ports.ts';
import type { SnapshotBase } from './snapshotBase.ts';

export interface PastValidationParts {
  readonly network: Pick<Network, 'consensus' | 'genesis' | 'chainId'>;
  readonly snapshot: Pick<SnapshotBase, 'base' | 'coinsHash' | 'commitPast' | 'needsScripts' | 'validated' | 'refuted'>;
  readonly coins: PastCoins;
  readonly scripts: ScriptChecker;
  readonly entry: (hash: Uint8Array) => HeaderEntry | undefined;
  readonly readBlock: (entry: HeaderEntry) => Promise<Block | undefined>;
  /** Where bodies and undo records lie. */
  readonly files: Pick<ChainStore, 'readBody' | 'readUndo'>;
  readonly pause: Pause;
  /** As ChainManagerParts. */
  readonly checkStop?: () => void;
}

/**
 * judged: the snapshot was found true or false. stopped: as asked. doubted: it was found false by coins that an earlier run
 * left, or by some that went missing on disk; before that is believed they must begin again, with none, so that nothing but
 * the blocks can be to blame.
 */
export type PastOutcome = 'judged' | 'stopped' | 'doubted';

/** Coins hashed between two pauses. */
const SLICE = 500;

/**
 * Connects the blocks below a snapshot's base, from genesis on, with all rules and scripts, on coins of their own; then
 * compares these with the snapshot. Blocks that were connected before the snapshot was loaded are connected without their
 * scripts, as are those assumed to be valid. Bodies come from elsewhere: `wake` tells that there may be more.
 */
export class PastValidation {
  readonly #parts: PastValidationParts;
  readonly #base: IndexEntry;
  /** The coins began in an earlier run. */
  readonly #inherited: boolean;
  #tip: IndexEntry;
  /** Read while the scripts of the one before run. */
  #next: { readonly entry: IndexEntry; readonly block: Promise<Block | undefined> } | undefined;
  #stopping = false;
  #wake: () => void = () => {};
  #awake = false;
  #doubt: string | undefined;

  private constructor(parts: PastValidationParts, base: IndexEntry, tip: IndexEntry, inherited: boolean) {
    this.#parts = parts;
    this.#base = base;
    this.#tip = tip;
    this.#inherited = inherited;
  }

  /**
   * Goes on with the coins there are. Undefined when they are not of blocks that are known, valid and there (the headers are
   * behind them): they must begin again, with none.
   */
  static async open(parts: PastValidationParts): Promise<PastValidation | undefined> {
    const { network, coins, files } = parts;
    const base = parts.snapshot.base as IndexEntry | undefined;
    assert(base !== undefined, 'a snapshot is loaded');
    const connected = (hash: Hash256): IndexEntry | undefined => {
      const entry = parts.entry(hash) as IndexEntry | undefined;
      if (entry === undefined || base.ancestor(entry.height) !== entry) return undefined;
      for (let at = entry; at.parent !== undefined; at = at.parent)
        if (at.status !== 'valid' || at.undo === undefined || !at.hasBody) return undefined;
      return entry;
    };
    const interrupted = await coins.interruptedFlush();
    if (interrupted !== undefined) {
      if (connected(interrupted.from) === undefined || connected(interrupted.to) === undefined) return undefined;
      const index = { get: (hash: Hash256) => parts.entry(hash) as IndexEntry | undefined };
      await finishFlush(coins, index, files, parts.checkStop, parts.pause);
    }
    const hash = await coins.tip();
    if (hash === undefined) {
      await coins.commit(network.chainId, genesisDiff(network));
      // Every flush from now on can be cut into slices.
      await coins.flush();
    }
    const tip = connected(hash ?? network.chainId);
    return tip && new PastValidation(parts, base, tip, hash !== undefined);
  }

  /** The last block connected, and the one to get to. */
  get tip(): HeaderEntry {
    return this.#tip;
  }
  get base(): HeaderEntry {
    return this.#base;
  }
  /** What speaks against the snapshot when `run` doubted it. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /** A body may have come. */
  wake(): void {
    this.#awake = true;
    this.#wake();
  }

  /** Ends `run` soon. */
  stop(): void {
    this.#stopping = true;
    this.wake();
  }

  /** Runs until the snapshot is judged or doubted, or it was stopped. Throws our own failures. */
  async run(): Promise<PastOutcome> {
    while (this.#tip !== this.#base) {
      if (this.#stopping) return 'stopped';
      this.#awake = false;
      const entry = this.#base.ancestor(this.#tip.height + 1) as IndexEntry;
      const block = await this.#read(entry);
      if (block === undefined) await this.#sleep();
      else {
        const outcome = await this.#connect(entry, block);
        if (outcome !== undefined) return outcome;
      }
    }
    return this.#compare();
  }

  /** Until wake, unless that was called since the last look. */
  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#awake) resolve();
    });
  }

  async #read(entry: IndexEntry): Promise<Block | undefined> {
    const next = this.#next;
    this.#next = undefined;
    const ahead = next?.entry === entry ? await next.block : undefined;
    return ahead ?? this.#parts.readBlock(entry);
  }

  #readAhead(height: number): void {
    const entry = this.#base.ancestor(height);
    if (entry === undefined) return;
    const block = this.#parts.readBlock(entry);
    // Told when it is its turn.
    block.catch(() => undefined);
    this.#next = { entry, block };
  }

  /** Undefined when the block is connected. */
  async #connect(entry: IndexEntry, block: Block): Promise<PastOutcome | undefined> {
    const { network, coins, snapshot, scripts, pause } = this.#parts;
    const read = coins.coins.bind(coins);
    const judged = await judgeCoins(block, this.#tip, network.consensus, read, pause);
    let verdict: Check = judged.ok ? PASSED : judged;
    if (judged.ok && snapshot.needsScripts(entry)) {
      const running = scripts.check(judged.value.scriptJobs);
      this.#readAhead(entry.height + 1);
      verdict = await running;
    }
    if (!judged.ok || !verdict.ok) {
      const broken = verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`;
      return this.#speakAgainst(
        `block ${entry.header.id} at height ${entry.height}, below it, breaks a rule: ${broken}`,
      );
    }
    // In this order: after a crash in between the block is connected once more.
    await snapshot.commitPast(entry, judged.value.diff);
    await coins.commit(entry.header.hash, judged.value.diff);
    this.#tip = entry;
    return undefined;
  }

  async #compare(): Promise<PastOutcome> {
    const { coins, snapshot, pause } = this.#parts;
    const stats = new CoinSetStats('hash_serialized_3');
    for await (const change of coins.allCoins()) {
      stats.add(change);
      if (stats.coins % SLICE !== 0) continue;
      if (this.#stopping) return 'stopped';
      await pause();
    }
    const found = stats.finish().hash as Uint8Array;
    const expected = snapshot.coinsHash;
    assert(expected !== undefined, 'the snapshot is still there');
    if (!equalBytes(found, expected))
      return this.#speakAgainst(
        `the blocks up to it lead to coins with hash ${displayHash(found)}, not ${displayHash(expected)}`,
      );
    await snapshot.validated();
    return 'judged';
  }

  /** The snapshot seems to be false. */
  async #speakAgainst(why: string): Promise<PastOutcome> {
    const whole = await this.#areWhole();
    if (this.#stopping) return 'stopped';
    if (!whole || (this.#inherited && !this.#parts.coins.again)) {
      this.#doubt = whole ? why : `${why}; but coins went missing on disk`;
      return 'doubted';
    }
    await this.#parts.snapshot.refuted(why);
    return 'judged';
  }

  /** Are there as many coins as were kept? Reading them verifies their records, too: throws when one is damaged. */
  async #areWhole(): Promise<boolean> {
    const { coins, pause } = this.#parts;
    let found = 0;
    for await (const _ of coins.allCoins()) {
      if (++found % SLICE !== 0) continue;
      if (this.#stopping) return false;
      await pause();
    }
    return found === (await coins.coinCount());
  }
}
