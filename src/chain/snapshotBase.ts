import type { Judge } from '../consensus/engine.ts';
import type { UtxoDiff } from '../ledger/coin.ts';
import { displayHash, type Hash256 } from '../primitives/hash.ts';
import { assert } from '../util/assert.ts';
import { type AssumeValid, isAssumedValid } from './assumeValid.ts';
import type { Candidates } from './candidates.ts';
import type { HeaderEntry } from './entry.ts';
import type { HaltSwitch } from './halt.ts';
import type { HeaderChain } from './headerChain.ts';
import type { IndexEntry } from './headerIndex.ts';
import type { ChainStore, CoinChange, StoredSnapshot } from './ports.ts';
import { applyChange, type EntryChange, toStored } from './storedEntry.ts';
import type { TipMover } from './tipMover.ts';

/** The blocks below a snapshot lead to other coins than it had: what was built on it is worth nothing. */
export class SnapshotRefutedError extends Error {
  override readonly name = 'SnapshotRefutedError';
  readonly exitCode = 74;

  constructor(base: string, why: string) {
    super(
      `the snapshot of coins at block ${base}, which was loaded on trust, is false: ${why}. Nothing that was built on it can be used: start with --reindex to verify everything from genesis on`,
    );
  }
}

/** Coins were being replaced when it failed: a mix of old and new ones is on disk. `cause` says why. */
export class SnapshotCutError extends Error {
  override readonly name = 'SnapshotCutError';
  readonly exitCode = 74;

  constructor(base: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `loading the snapshot of coins at block ${base} ended in the middle: ${why}. The next start drops what was loaded and connects the stored blocks again; the snapshot can be loaded once more then`,
      { cause },
    );
  }
}

/** The snapshot that the store stands on. Coins that were being replaced when the node ended are dropped. */
export async function storedSnapshot(store: ChainStore): Promise<StoredSnapshot | undefined> {
  const stored = await store.snapshot();
  if (stored?.state !== 'loading') return stored;
  await store.dropCoins();
  return undefined;
}

/** Why a snapshot cannot be loaded; for people. */
export type SnapshotRefusal = string;

export interface SnapshotToLoad {
  /** hash_serialized_3 that the coins must have. */
  readonly coinsHash: Hash256;
  /** Transactions up to the base. */
  readonly chainTx: number;
  /** All of them, in key order. Throws when they do not have the hash. */
  readonly coins: AsyncIterable<CoinChange>;
  /** A last word of whoever loads it, when the tip rests. */
  readonly allowed?: () => SnapshotRefusal | undefined;
}

export interface SnapshotBaseParts {
  readonly judge: Judge<unknown>;
  readonly store: ChainStore;
  readonly halt: HaltSwitch;
  readonly headers: HeaderChain;
  readonly candidates: Candidates;
  readonly mover: TipMover;
  /** As ChainManagerParts.assumeValid. */
  readonly assumeValid?: AssumeValid;
  /** Runs a job when the tip rests. */
  readonly inTurn: <T>(job: () => Promise<T>) => Promise<T>;
}

/**
 * The block whose coins a chain took over from a snapshot, until the blocks below it have been connected, too. Meanwhile
 * these have no undo data, maybe no bodies, and only branches that go through the base may become the tip.
 */
export class SnapshotBase {
  readonly #parts: SnapshotBaseParts;
  #stored: StoredSnapshot | undefined;
  #base: IndexEntry | undefined;

  constructor(parts: SnapshotBaseParts) {
    this.#parts = parts;
  }

  /** The base while its past is not validated, undefined otherwise. */
  get base(): HeaderEntry | undefined {
    return this.#base;
  }

  /** hash_serialized_3 of the coins after the base. */
  get coinsHash(): Hash256 | undefined {
    return this.#stored?.coinsHash;
  }

  /** Transactions up to the base and included, as operator or network gave it; undefined once all are known. */
  get chainTx(): number | undefined {
    return this.#stored?.chainTx;
  }

  /** At start. Throws SnapshotRefutedError when an earlier run found the snapshot false. */
  restore(stored: StoredSnapshot): void {
    if (stored.state === 'refuted')
      throw new SnapshotRefutedError(displayHash(stored.base), 'an earlier run connected the blocks below it');
    const base = this.#parts.headers.index.get(stored.base);
    assert(stored.state === 'unvalidated' && base !== undefined, 'a loaded snapshot stands on a known block');
    this.#set(stored, base);
  }

  /** Why a snapshot at `base` cannot be loaded now, undefined when it can. */
  refusal(base: HeaderEntry): SnapshotRefusal | undefined {
    const { headers, mover } = this.#parts;
    const entry = headers.own(base);
    if (this.#base !== undefined) return 'a snapshot is loaded already and its past is not validated yet';
    if (entry.isInvalid) return `block ${entry.header.id} is part of an invalid chain`;
    if (headers.own(headers.bestHeader()).ancestor(entry.height) !== entry)
      return 'headers of another branch have more work than those of the base block';
    if (entry.chainWork <= mover.tip.chainWork) return 'its base block has no more work than our tip';
    if (entry.ancestor(mover.tip.height) !== mover.tip) return 'its base block is not on top of our tip';
    return undefined;
  }

  /**
   * Makes the coins after block `base` those of the chain, and that block the tip. When `coins` fail in the middle the chain
   * halts, SnapshotCutError is thrown, and the next open connects the stored blocks again. Resolves with the reason when it is refused: then nothing
   * has changed.
   */
  load(
    base: HeaderEntry,
    { coinsHash, chainTx, coins, allowed }: SnapshotToLoad,
  ): Promise<SnapshotRefusal | undefined> {
    const { headers, mover, store, candidates } = this.#parts;
    return this.#parts.inTurn(async () => {
      await mover.activate();
      const refusal = this.refusal(base) ?? allowed?.();
      if (refusal !== undefined) return refusal;
      const entry = headers.own(base);
      const stored: StoredSnapshot = { base: entry.header.hash, coinsHash, chainTx, state: 'unvalidated' };
      await mover.activate(async () => {
        await mover.writing(() =>
          store.replaceCoins(stored, coins).catch((error: unknown) => {
            throw new SnapshotCutError(entry.header.id, error);
          }),
        );
        mover.jump(entry);
        this.#set(stored, entry);
        candidates.load(mover.active);
      });
      return undefined;
    });
  }

  /** Must the scripts of a block below the base be run? Not those that passed before, nor those assumed to be valid. */
  needsScripts(past: HeaderEntry): boolean {
    const { headers, assumeValid } = this.#parts;
    const entry = headers.own(past);
    if (entry.status === 'valid') return false;
    const { index, best } = headers;
    return assumeValid === undefined || !isAssumedValid(entry, assumeValid, { index, best });
  }

  /** Keeps that a block below the base is valid, with its undo data; its coins are kept elsewhere. */
  async commitPast(past: HeaderEntry, diff: UtxoDiff): Promise<void> {
    const { headers, mover, store, judge } = this.#parts;
    const entry = headers.own(past);
    // Connected before: the coins were behind after a crash, or are begun anew.
    if (entry.status === 'valid' && entry.undo !== undefined) return;
    await this.#parts.inTurn(async () => {
      const undo = await store.appendUndo(diff.spent);
      const change: EntryChange = { status: 'valid', undo };
      await mover.commit({
        headers: [toStored(entry, judge, change)],
      });
      applyChange(entry, change);
    });
  }

  /** The blocks up to the base lead to the snapshot's coins: from now on the chain is one that began at genesis. */
  validated(): Promise<void> {
    const { mover, store, halt, candidates } = this.#parts;
    return this.#parts.inTurn(() =>
      mover.activate(async () => {
        await halt.guard(() => store.setSnapshot(undefined));
        this.#set(undefined, undefined);
        candidates.rebuild(mover.tip);
      }),
    );
  }

  /** They do not: keeps that, and halts the chain for good. */
  async refuted(why: string): Promise<void> {
    const { store, halt } = this.#parts;
    const stored = this.#stored;
    assert(stored !== undefined, 'only a loaded snapshot is refuted');
    try {
      await this.#parts.inTurn(() => store.setSnapshot({ ...stored, state: 'refuted' }));
    } finally {
      halt.halt(new SnapshotRefutedError(displayHash(stored.base), why));
    }
  }

  #set(stored: StoredSnapshot | undefined, base: IndexEntry | undefined): void {
    this.#stored = stored;
    this.#base = base;
    this.#parts.candidates.setFloor('snapshot', base);
  }
}
