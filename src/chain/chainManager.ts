import type { Coin, CoinChange } from '../ledger/coin.ts';
import { type Block, decodingSealedBlock, encodeSealedBlock } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { SealedHeader } from '../primitives/header.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { broken, type Check, effectOf, passed } from '../primitives/rules.ts';
import type { Emitter } from '../util/events.ts';
import { walkSteps } from '../util/steps.ts';
import { isAssumedValid } from './assumeValid.ts';
import { checkRoom, checkWorthStoring } from './bodyRule.ts';
import { Candidates } from './candidates.ts';
import type { AcceptBlockOptions, AcceptedBlock, Chain, HeadersOutcome } from './chain.ts';
import type { ChainManagerParts } from './chainManagerParts.ts';
import { beginWalk, type CoinsAtTip } from './coinWalk.ts';
import { commitGenesis } from './commitGenesis.ts';
import type { HeaderEntry } from './entry.ts';
import type { ChainEvents } from './events.ts';
import { finishFlush } from './finishFlush.ts';
import { type HaltedError, HaltSwitch, StoredChainError } from './halt.ts';
import { HeaderChain } from './headerChain.ts';
import type { IndexEntry } from './headerIndex.ts';
import { judgingBody } from './judgeBlock.ts';
import { judgeProposal } from './judgeProposal.ts';
import { type Later, now, unlessClosed } from './later.ts';
import { Lines } from './lines.ts';
import { invalidate, leaveInvalid, reconsider } from './operatorOrders.ts';
import type { StoredSnapshot } from './ports.ts';
import { type Pruned, type PruneGoal, Pruning } from './pruning.ts';
import { SnapshotBase, storedSnapshot } from './snapshotBase.ts';
import { applyChange, type EntryChange, toStored } from './storedEntry.ts';
import { type GivenBlock, TipMover } from './tipMover.ts';

/** Attempts to read coins between two commits before waiting in line. */
const COIN_READ_ATTEMPTS = 3;

/**
 * The full chain: accepts headers and blocks, moves the tip. Doors call it; calls take effect in order, one at a time.
 * Inside there are two lines. In the first, headers and bodies are judged and bodies written; in the second, blocks change
 * the coins. So a block is judged while the scripts of those before it run: whoever has many blocks hands in a few at once.
 */
export class ChainManager implements Chain {
  readonly #parts: ChainManagerParts;
  readonly #headers: HeaderChain;
  readonly #halt: HaltSwitch;
  readonly #candidates: Candidates;
  readonly #mover: TipMover;
  readonly #pruning: Pruning;
  readonly #lines: Lines;
  /** Blocks between the two lines, or waiting for their scripts. */
  readonly #underWay = new Map<IndexEntry, Promise<Check<AcceptedBlock>>>();
  /** What the coins began with, when it was not genesis. */
  readonly snapshot: SnapshotBase;
  #findTx: ((txid: Hash256) => Promise<Hash256 | undefined>) | undefined;

  private constructor(
    parts: ChainManagerParts,
    headers: HeaderChain,
    halt: HaltSwitch,
    { active, snapshot }: { readonly active: IndexEntry[]; readonly snapshot: StoredSnapshot | undefined },
  ) {
    this.#parts = parts;
    this.#headers = headers;
    this.#halt = halt;
    const { index } = headers;
    const { assumeValid: assumed } = parts;
    this.#candidates = new Candidates(parts.judge, index);
    this.#mover = new TipMover(
      {
        ...parts,
        halt,
        index,
        candidates: this.#candidates,
        events: headers.events,
        assumedValid: (entry) => assumed !== undefined && isAssumedValid(entry, assumed, { index, best: headers.best }),
        refreshBest: () => headers.refreshBest(),
      },
      active,
    );
    const { evidence, onFailure } = parts;
    this.#lines = new Lines({
      ...{ halt, evidence, onEnded: (error) => this.#mover.dropAhead(error) },
      ...(onFailure === undefined ? {} : { onFailure }),
    });
    const inTurn = <T>(job: () => Promise<T>): Promise<T> => this.#lines.inTurn(job);
    const moving = { candidates: this.#candidates, mover: this.#mover };
    this.snapshot = new SnapshotBase({ ...parts, ...moving, halt, headers, inTurn });
    if (snapshot !== undefined) this.snapshot.restore(snapshot);
    this.#pruning = new Pruning({
      ...{ ...parts, ...moving, index },
      snapshotBase: () => this.snapshot.base,
    });
    this.#candidates.load(active);
  }

  /**
   * Opens the chain that the store holds (a new store gets genesis) and finishes what a crash interrupted. Throws when the
   * store fails or contradicts itself.
   */
  static async open(parts: ChainManagerParts): Promise<ChainManager> {
    const halt = new HaltSwitch(parts.onHalt);
    const headers = await HeaderChain.open({ ...parts, halt });
    const snapshot = await storedSnapshot(parts.store);
    await finishFlush(parts.store, headers.index, parts.store, parts.checkStop, parts.pause);
    let tipHash = await parts.store.tip();
    if (tipHash === undefined) {
      await commitGenesis(parts, headers.index.genesis);
      tipHash = parts.network.chainId;
    }
    const tip = headers.index.get(tipHash);
    if (tip === undefined)
      throw new StoredChainError('the tip of the coins, or an ancestor of it, is not among the headers');
    const active: IndexEntry[] = [];
    for (let at: IndexEntry | undefined = tip; at !== undefined; at = at.parent) active[at.height] = at;
    const manager = new ChainManager(parts, headers, halt, { active, snapshot });
    await manager.#pruning.load();
    parts.onOpening?.(manager);
    await manager.#mover.activate(() => leaveInvalid(manager.#mover, manager.#candidates));
    parts.checkStop?.();
    return manager;
  }

  get events(): Emitter<ChainEvents> {
    return this.#headers.events;
  }
  get genesis(): HeaderEntry {
    return this.#headers.genesis;
  }
  /** Why nothing is accepted any more; undefined while all is well. */
  get halted(): HaltedError | undefined {
    return this.#halt.halted;
  }
  bestHeader(): HeaderEntry {
    return this.#headers.bestHeader();
  }
  entry(hash: Hash256): HeaderEntry | undefined {
    return this.#headers.entry(hash);
  }
  ancestor(of: HeaderEntry, height: number): HeaderEntry | undefined {
    return this.#headers.ancestor(of, height);
  }
  locator(of: HeaderEntry): Hash256[] {
    return this.#headers.locator(of);
  }
  findFork(locator: readonly Hash256[], tip: HeaderEntry): HeaderEntry {
    return this.#headers.findFork(locator, tip);
  }
  tips(): readonly HeaderEntry[] {
    return this.#headers.tips();
  }
  /** As HeaderChain.counters. */
  counters(): ReturnType<HeaderChain['counters']> {
    return this.#headers.counters();
  }
  tip(): HeaderEntry {
    return this.#mover.tip;
  }
  atHeight(height: number): HeaderEntry | undefined {
    return this.#mover.atHeight(height);
  }
  isActive(entry: HeaderEntry): boolean {
    return this.#mover.isActive(this.#headers.own(entry));
  }

  async readBlockBytes(entry: HeaderEntry): Promise<Uint8Array | undefined> {
    const own = this.#headers.own(entry);
    const { body } = own;
    if (body === undefined) return undefined;
    try {
      return await this.#parts.store.readBody(body);
    } catch (error) {
      // Pruned while it was read.
      if (own.body === undefined) return undefined;
      throw error;
    }
  }

  async readBlock(entry: HeaderEntry): Promise<Block | undefined> {
    const bytes = await this.readBlockBytes(entry);
    return bytes === undefined ? undefined : walkSteps(decodingSealedBlock(bytes), this.#parts.pause);
  }

  /** The coins that a block spent, without those made inside it; undefined while it has never been connected. */
  async spentCoins(entry: HeaderEntry): Promise<readonly CoinChange[] | undefined> {
    const { undo } = this.#headers.own(entry);
    return undo === undefined ? undefined : await this.#parts.store.readUndo(undo);
  }

  /** Never of a tip that memory does not show: a read that met a commit is made again, at last in line with the writers. */
  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    for (let i = 0; i < COIN_READ_ATTEMPTS; i++) {
      const before = this.#mover.commitCounter;
      if (before % 2 === 1) break;
      const coins = await this.#parts.store.coins(outpoints);
      if (this.#mover.commitCounter === before) return coins;
    }
    return this.#lines.between(() => this.#parts.store.coins(outpoints));
  }

  /** All coins at the tip. They stay those of this moment while blocks connect; reading them holds nobody up. */
  async coinsAtTip(): Promise<CoinsAtTip> {
    await this.#parts.store.flushAhead();
    return this.#lines.inTurn(async () => {
      await this.#mover.activate();
      return { tip: this.tip(), coins: await beginWalk(this.#parts.store.allCoins()) };
    });
  }

  /** Lets findTx ask this index, which comes after the chain. */
  useTxIndex(find: (txid: Hash256) => Promise<Hash256 | undefined>): void {
    this.#findTx = find;
  }

  async findTx(txid: Hash256): Promise<HeaderEntry | undefined> {
    const hash = await this.#findTx?.(txid);
    const entry = hash === undefined ? undefined : this.entry(hash);
    // After a crash the index may know blocks that are not connected again.
    return entry !== undefined && this.isActive(entry) ? entry : undefined;
  }

  acceptHeaders(headers: readonly SealedHeader[]): Promise<HeadersOutcome> {
    return this.#lines.take(async () => now(await this.#headers.acceptHeaders(headers)));
  }

  acceptBlock(block: Block, options: AcceptBlockOptions = {}): Promise<Check<AcceptedBlock>> {
    // Not for a block of nobody knows whom, which must cost no more than its header before that is judged.
    const prepared = options.requested === true ? this.#parts.scripts.prepare?.(block) : undefined;
    return this.#lines.keepingEvidence(block, () =>
      this.#lines.take(async () => {
        await prepared;
        return this.#take(block, options);
      }),
    );
  }

  testBlock(block: Block): Promise<Check> {
    return this.#lines.keepingEvidence(block, () =>
      this.#lines.inTurn(async () => {
        await this.#mover.activate();
        return judgeProposal(block, this.#mover.tip, this.#parts);
      }),
    );
  }

  /**
   * Marks a block invalid by order of the operator, with everything on top of it; moves to the best branch left. Throws
   * RangeError when that cannot be done: the caller's fault, told to nobody else.
   */
  async invalidateBlock(entry: HeaderEntry): Promise<void> {
    const own = this.#headers.own(entry);
    const refusal = await this.#lines.inTurn(() =>
      invalidate(own, this.#mover, { floor: this.#pruning.floor, base: this.snapshot.base }),
    );
    if (refusal !== undefined) throw new RangeError(refusal);
  }

  /** Forgets that a block, its ancestors and its descendants are invalid, and judges them again. */
  async reconsiderBlock(entry: HeaderEntry): Promise<void> {
    const own = this.#headers.own(entry);
    const parts = {
      judge: this.#parts.judge,
      headers: this.#headers,
      mover: this.#mover,
      candidates: this.#candidates,
    };
    await this.#lines.inTurn(() => reconsider(own, parts));
  }

  /**
   * Lowest block from which on every block of the active chain has its body and undo data, undefined when none was pruned.
   * The tip never goes back below its parent.
   */
  prunedBelow(): number | undefined {
    const { floor } = this.#pruning;
    return floor === undefined ? undefined : floor.height + 1;
  }

  /** The best header, when it stands on a branch that could be followed only with undo data that were pruned. */
  unreachableBranch(): HeaderEntry | undefined {
    const best = this.#headers.own(this.#headers.bestHeader());
    return this.#candidates.isReachable(best) ? undefined : best;
  }

  /** Deletes whole files of blocks, all of them KEEP_BLOCKS or more below the tip. */
  async prune(goal: PruneGoal): Promise<Pruned> {
    await this.#parts.store.flushAhead();
    return this.#lines.take(async () => {
      // Blocks taken from now on are written behind this file, or in it.
      const last = Math.max(...this.#parts.store.fileSizes().bodies.keys());
      const outcome = this.#lines.move(async () => {
        await this.#mover.activate();
        return this.#pruning.run(goal, last);
      });
      return { outcome };
    });
  }

  /** Ends after the step under way; the store may be closed then. */
  async close(): Promise<void> {
    this.#mover.stop();
    await this.#lines.close();
  }

  /** In the first line: header and body. What is left is done in the second. */
  async #take(block: Block, options: AcceptBlockOptions): Promise<Later<Check<AcceptedBlock>>> {
    const room = await checkRoom(block, this, this.#parts.room);
    if (!room.ok) return now(room);
    const headers = await this.#headers.acceptHeaders([block]);
    if (headers.error !== undefined) return now(headers.error);
    const entry = this.#headers.own(headers.last as HeaderEntry);
    const sooner = this.#underWay.get(entry);
    if (sooner !== undefined)
      return { outcome: sooner.then((verdict) => (verdict.ok ? this.#known(block, entry) : verdict)) };
    if (entry.hasBody) return { outcome: this.#again(block, entry) };
    const tip = this.#mover.tip;
    const { best } = this.#headers;
    if (!this.#candidates.standsOn('pruned', entry))
      return now(broken('fork-below-pruned', `${entry.header.id} stands on a branch from below the pruned blocks`));
    const worth = checkWorthStoring(entry, { tip, best, requested: options.requested === true });
    if (!worth.ok) return now(worth);
    const body = await this.#judgeBody(block, entry.parent as IndexEntry);
    if (!body.ok) {
      if (!effectOf(body.rule).remember) return now(body);
      return {
        outcome: this.#lines.move(() => this.#mover.activate(() => this.#mover.markInvalid(entry))).then(() => body),
      };
    }
    const position = await this.#parts.store.appendBody(encodeSealedBlock(block));
    const change: EntryChange = { body: position, txCount: block.txs.length, status: 'stored' };
    const outcome = this.#lines.move(() => this.#place(entry, { block, change })).then((later) => later.outcome);
    this.#underWay.set(entry, outcome);
    const over = (): void => void this.#underWay.delete(entry);
    outcome.then(over, over);
    return { outcome };
  }

  /** Finishes what a failure of ours (a worker, a full disk) may have interrupted. */
  async #again(block: Block, entry: IndexEntry): Promise<Check<AcceptedBlock>> {
    return this.#lines.move(async () => {
      await this.#mover.activate();
      return entry.isInvalid ? this.#outcome(entry) : this.#known(block, entry);
    });
  }

  /** We have a good body; this one may still be a bad copy, and whoever passes that on must hear so. */
  async #known(block: Block, entry: IndexEntry): Promise<Check<AcceptedBlock>> {
    if (entry.parent !== undefined) {
      const body = await this.#judgeBody(block, entry.parent);
      if (!body.ok) return body;
    }
    return passed({ entry, result: 'known' });
  }

  #judgeBody(block: Block, parent: IndexEntry): Promise<Check> {
    return walkSteps(judgingBody(block, parent, this.#parts.network.consensus), this.#parts.pause);
  }

  /** In the second line: a block with a good body. */
  async #place(entry: IndexEntry, given: GivenBlock): Promise<Later<Check<AcceptedBlock>>> {
    if (entry.isInvalid) return now(this.#outcome(entry));
    if (entry.parent !== this.#mover.frontier) return now(await this.#store(entry, given.change));
    // Body, coins and tip go into one commit, when the scripts have passed; other blocks have their turn meanwhile.
    const { verdict, ready } = await this.#mover.extend(entry, given);
    if (entry.isInvalid) {
      const fault = await verdict;
      return now(fault.ok ? this.#outcome(entry) : fault);
    }
    const moved = ready.then(() => this.#lines.move(() => this.#mover.finish(entry))).catch(unlessClosed);
    return { outcome: Promise.all([verdict, moved]).then(([own]) => (own.ok ? this.#outcome(entry) : own)) };
  }

  /** The block sits elsewhere: kept first, then its branch may turn out to be the best. */
  async #store(entry: IndexEntry, change: EntryChange): Promise<Check<AcceptedBlock>> {
    await this.#mover.activate(async () => {
      // The block ahead was refused just now, and this one with it.
      if (entry.isInvalid) return;
      await this.#mover.commit({ headers: [toStored(entry, this.#parts.judge, change)] });
      applyChange(entry, change);
      this.#candidates.link(entry, this.#mover.tip);
    });
    return this.#outcome(entry);
  }

  #outcome(entry: IndexEntry): Check<AcceptedBlock> {
    if (entry.isInvalid) return this.#mover.refusalOf(entry);
    return passed({ entry, result: this.#mover.isActive(entry) ? 'connected' : 'stored' });
  }
}
