import { CoinSetStats } from '../ledger/coinSetStats.ts';
import { genesisDiff } from '../ledger/genesisDiff.ts';
import type { Network } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import { displayHash } from '../primitives/hash.ts';
import { type Check, PASSED } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';
import { equalBytes } from '../util/bytes.ts';
import type { HeaderEntry } from './entry.ts';
import type { IndexEntry } from './headerIndex.ts';
import { judgeCoins } from './judgeBlock.ts';
import type { PastCoins, ScriptChecker } from './ports.ts';
import type { SnapshotBase } from './snapshotBase.ts';

export interface PastValidationParts {
  readonly network: Pick<Network, 'consensus' | 'genesis' | 'chainId'>;
  readonly snapshot: Pick<SnapshotBase, 'base' | 'coinsHash' | 'commitPast' | 'validated' | 'refuted'>;
  readonly coins: PastCoins;
  readonly scripts: ScriptChecker;
  readonly entry: (hash: Uint8Array) => HeaderEntry | undefined;
  readonly readBlock: (entry: HeaderEntry) => Promise<Block | undefined>;
  /** Lets everything else run. */
  readonly pause: () => Promise<void>;
}

/** Coins hashed between two pauses. */
const SLICE = 500;

/**
 * Connects the blocks below a snapshot's base, from genesis on, with all rules and scripts, on coins of their own; then
 * compares these with the snapshot. Blocks that were connected before the snapshot was loaded are connected without their
 * scripts. Bodies come from elsewhere: `wake` tells that there may be more.
 */
export class PastValidation {
  readonly #parts: PastValidationParts;
  readonly #base: IndexEntry;
  #tip: IndexEntry;
  #stopping = false;
  #wake: () => void = () => {};
  #awake = false;

  private constructor(parts: PastValidationParts, base: IndexEntry, tip: IndexEntry) {
    this.#parts = parts;
    this.#base = base;
    this.#tip = tip;
  }

  /** Undefined when the coins are ahead of the headers after a power cut: they must begin again, with none. */
  static async open(parts: PastValidationParts): Promise<PastValidation | undefined> {
    const { network, coins } = parts;
    const base = parts.snapshot.base as IndexEntry | undefined;
    assert(base !== undefined, 'a snapshot is loaded');
    let hash = await coins.tip();
    if (hash === undefined) {
      await coins.commit(network.chainId, genesisDiff(network));
      hash = network.chainId;
    }
    const tip = parts.entry(hash) as IndexEntry | undefined;
    assert(tip !== undefined && base.ancestor(tip.height) === tip, 'the past is on the branch of the base');
    for (let at = tip; at.parent !== undefined; at = at.parent)
      if (at.status !== 'valid' || at.undo === undefined || !at.hasBody) return undefined;
    return new PastValidation(parts, base, tip);
  }

  /** The last block connected, and the one to get to. */
  get tip(): HeaderEntry {
    return this.#tip;
  }
  get base(): HeaderEntry {
    return this.#base;
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

  /** Resolves with true when the snapshot was found true or false, with false when it was stopped. Throws our own failures. */
  async run(): Promise<boolean> {
    while (this.#tip !== this.#base) {
      if (this.#stopping) return false;
      this.#awake = false;
      const entry = this.#base.ancestor(this.#tip.height + 1) as IndexEntry;
      const block = await this.#parts.readBlock(entry);
      if (block === undefined) await this.#sleep();
      else if (!(await this.#connect(entry, block))) return true;
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

  /** False when the block broke a rule. */
  async #connect(entry: IndexEntry, block: Block): Promise<boolean> {
    const { network, coins, snapshot } = this.#parts;
    const judged = await judgeCoins(block, this.#tip, network.consensus, (outpoints) => coins.coins(outpoints));
    let verdict: Check = judged.ok ? PASSED : judged;
    if (judged.ok && entry.status !== 'valid') verdict = await this.#parts.scripts.check(judged.value.scriptJobs);
    if (!judged.ok || !verdict.ok) {
      const broken = verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`;
      await snapshot.refuted(`block ${entry.header.id} at height ${entry.height}, below it, breaks a rule: ${broken}`);
      return false;
    }
    // In this order: a crash in between connects the block once more.
    await snapshot.commitPast(entry, judged.value.diff);
    await coins.commit(entry.header.hash, judged.value.diff);
    this.#tip = entry;
    return true;
  }

  async #compare(): Promise<boolean> {
    const { coins, snapshot, pause } = this.#parts;
    const stats = new CoinSetStats('hash_serialized_3');
    for await (const change of coins.allCoins()) {
      stats.add(change);
      if (stats.coins % SLICE !== 0) continue;
      if (this.#stopping) return false;
      await pause();
    }
    const found = stats.finish().hash as Uint8Array;
    const expected = snapshot.coinsHash;
    assert(expected !== undefined, 'the snapshot is still there');
    if (equalBytes(found, expected)) await snapshot.validated();
    else
      await snapshot.refuted(
        `the blocks up to it lead to coins with hash ${displayHash(found)}, not ${displayHash(expected)}`,
      );
    return true;
  }
}
