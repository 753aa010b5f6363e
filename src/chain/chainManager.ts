import type { Coin, CoinChange } from '../ledger/coin.ts';
import { genesisDiff } from '../ledger/genesisDiff.ts';
import type { Network } from '../params/network.ts';
import { type Block, decodeSealedBlock, encodeSealedBlock } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { SealedHeader } from '../primitives/header.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { broken, type Check, effectOf, PASSED, passed } from '../primitives/rules.ts';
import { AssertionFailure } from '../util/assert.ts';
import { equalBytes } from '../util/bytes.ts';
import type { Emitter } from '../util/events.ts';
import type { Clock } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { checkWorthStoring } from './bodyRule.ts';
import { Candidates } from './candidates.ts';
import type { AcceptBlockOptions, AcceptedBlock, Chain, HeadersOutcome } from './chain.ts';
import { beginWalk, type CoinsAtTip } from './coinWalk.ts';
import type { HeaderEntry } from './entry.ts';
import type { ChainEvents } from './events.ts';
import { finishFlush } from './finishFlush.ts';
import { type HaltedError, HaltSwitch, StoredChainError } from './halt.ts';
import { HeaderChain, type HeaderChainParts } from './headerChain.ts';
import type { IndexEntry } from './headerIndex.ts';
import { judgeBody, judgeConnect, judgeUnsealedHeader } from './judgeBlock.ts';
import type { ChainStore, EvidenceKeeper, ScriptChecker } from './ports.ts';
import { applyChange, type EntryChange, toStored } from './storedEntry.ts';
import { TipMover } from './tipMover.ts';

export interface ChainManagerParts {
  readonly network: Network;
  readonly judge: HeaderChainParts['judge'];
  readonly store: ChainStore;
  readonly scripts: ScriptChecker;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly evidence: EvidenceKeeper;
  /** As HeaderChainParts.pause. */
  readonly pause?: () => Promise<void>;
  /** Told once when the chain halts: the node should stop. */
  readonly onHalt?: (error: HaltedError) => void;
  /** Told of every failure of ours while a header or block was taken (a full disk): nothing was changed, nothing is lost. */
  readonly onFailure?: (error: unknown) => void;
}

/** Attempts to read coins between two commits before waiting in line. */
const COIN_READ_ATTEMPTS = 3;

/** The full chain: accepts headers and blocks, moves the tip. Doors call it; calls run one at a time, in order. */
export class ChainManager implements Chain {
  readonly #parts: ChainManagerParts;
  readonly #headers: HeaderChain;
  readonly #halt: HaltSwitch;
  readonly #candidates: Candidates;
  readonly #mover: TipMover;
  readonly #queue = new SerialQueue();
  #closed = false;

  private constructor(parts: ChainManagerParts, headers: HeaderChain, halt: HaltSwitch, active: IndexEntry[]) {
    this.#parts = parts;
    this.#headers = headers;
    this.#halt = halt;
    const { index } = headers;
    this.#candidates = new Candidates(parts.judge, index);
    this.#candidates.load(active);
    this.#mover = new TipMover(
      {
        ...parts,
        halt,
        index,
        candidates: this.#candidates,
        events: headers.events,
        refreshBest: () => headers.refreshBest(),
      },
      active,
    );
  }

  /**
   * Opens the chain that the store holds (a new store gets genesis) and finishes what a crash interrupted. Throws when the
   * store fails or contradicts itself.
   */
  static async open(parts: ChainManagerParts): Promise<ChainManager> {
    const halt = new HaltSwitch(parts.onHalt);
    const headers = await HeaderChain.open({ ...parts, halt });
    await finishFlush(parts.store, headers.index);
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
    const manager = new ChainManager(parts, headers, halt, active);
    await manager.#mover.indexAgain(((await parts.store.indexedUntil()) ?? tip.height) + 1);
    await manager.#mover.activate();
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
    const { body } = this.#headers.own(entry);
    return body === undefined ? undefined : await this.#parts.store.readBody(body);
  }

  async readBlock(entry: HeaderEntry): Promise<Block | undefined> {
    const bytes = await this.readBlockBytes(entry);
    return bytes === undefined ? undefined : decodeSealedBlock(bytes);
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
    return this.#queue.run(() => this.#parts.store.coins(outpoints));
  }

  /** All coins at the tip. They stay those of this moment while blocks connect; reading them holds nobody up. */
  coinsAtTip(): Promise<CoinsAtTip> {
    return this.#queue.run(async () => {
      if (this.#closed) throw new Error('the chain is closed');
      return { tip: this.tip(), coins: await beginWalk(this.#parts.store.allCoins()) };
    });
  }

  async findTx(txid: Hash256): Promise<HeaderEntry | undefined> {
    const hash = await this.#parts.store.findTx(txid);
    const entry = hash === undefined ? undefined : this.entry(hash);
    // After a crash the index may know blocks that are not connected again.
    return entry !== undefined && this.isActive(entry) ? entry : undefined;
  }

  acceptHeaders(headers: readonly SealedHeader[]): Promise<HeadersOutcome> {
    return this.#enqueue(() => this.#headers.acceptHeaders(headers));
  }

  acceptBlock(block: Block, options: AcceptBlockOptions = {}): Promise<Check<AcceptedBlock>> {
    return this.#enqueue(() => this.#keepingEvidence(block, () => this.#accept(block, options)));
  }

  testBlock(block: Block): Promise<Check> {
    return this.#enqueue(() => this.#keepingEvidence(block, () => this.#test(block)));
  }

  /** Marks a block invalid by order of the operator, with everything on top of it; moves to the best branch left. */
  invalidateBlock(entry: HeaderEntry): Promise<void> {
    return this.#enqueue(async () => {
      const target = this.#headers.own(entry);
      if (target.parent === undefined) throw new RangeError('the genesis block cannot be invalidated');
      await this.#mover.activate(async () => {
        while (this.#mover.isActive(target)) await this.#mover.disconnect();
        await this.#mover.markInvalid(target);
      });
    });
  }

  /** Forgets that a block, its ancestors and its descendants are invalid, and judges them again. */
  reconsiderBlock(entry: HeaderEntry): Promise<void> {
    return this.#enqueue(async () => {
      const target = this.#headers.own(entry);
      const { index } = this.#headers;
      const branch = [target, ...index.descendants(target)];
      for (let at = target.parent; at !== undefined; at = at.parent) branch.unshift(at);
      const cleared = branch.filter((e) => e.isInvalid);
      if (cleared.length === 0) return;
      const changes = cleared.map((e): EntryChange => ({ status: statusByData(e) }));
      const stored = cleared.map((e, i) => toStored(e, this.#parts.judge, changes[i]));
      await this.#mover.activate(async () => {
        await this.#mover.commit({ headers: stored });
        for (const [i, e] of cleared.entries()) applyChange(e, changes[i] as EntryChange);
        for (const e of cleared) this.#candidates.link(e, this.#mover.tip);
        this.#candidates.rebuild(this.#mover.tip);
        this.#headers.refreshBest();
      });
    });
  }

  /** Ends after the step under way; the store may be closed then. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#mover.stop();
    await this.#queue.idle();
  }

  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      this.#halt.check();
      if (this.#closed) throw new Error('the chain is closed');
      try {
        return await job();
      } catch (error) {
        this.#parts.onFailure?.(error);
        throw error;
      }
    });
  }

  /** A contradiction in our own code: save what led to it and stop. A wrong ledger is worse than none. */
  async #keepingEvidence<T>(block: Block, job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      if (error instanceof AssertionFailure) {
        this.#halt.halt(error);
        await this.#parts.evidence.keep(encodeSealedBlock(block), error.message).catch(() => undefined);
      }
      throw error;
    }
  }

  async #accept(block: Block, options: AcceptBlockOptions): Promise<Check<AcceptedBlock>> {
    const headers = await this.#headers.acceptHeaders([block]);
    if (headers.error !== undefined) return headers.error;
    const entry = this.#headers.own(headers.last as HeaderEntry);
    if (entry.hasBody) {
      // Finishes what a failure of ours (a worker, a full disk) may have interrupted.
      await this.#mover.activate();
      return entry.isInvalid ? this.#outcome(entry) : this.#known(block, entry);
    }
    const parent = entry.parent as IndexEntry;
    const tip = this.#mover.tip;
    const best = this.#headers.own(this.#headers.bestHeader());
    const worth = checkWorthStoring(entry, { tip, best, requested: options.requested === true });
    if (!worth.ok) return worth;
    const body = judgeBody(block, parent, this.#parts.network.consensus);
    if (!body.ok) {
      if (effectOf(body.rule).remember) await this.#mover.activate(() => this.#mover.markInvalid(entry));
      return body;
    }
    const position = await this.#parts.store.appendBody(encodeSealedBlock(block));
    const change: EntryChange = { body: position, txCount: block.txs.length, status: 'stored' };
    return parent === tip ? this.#extend(entry, block, change) : this.#store(entry, change);
  }

  /** We have a good body; this one may still be a bad copy, and whoever passes that on must hear so. */
  #known(block: Block, entry: IndexEntry): Check<AcceptedBlock> {
    if (entry.parent !== undefined) {
      const body = judgeBody(block, entry.parent, this.#parts.network.consensus);
      if (!body.ok) return body;
    }
    return passed({ entry, result: 'known' });
  }

  /** The block sits on the tip: body, coins and tip go into one commit. */
  async #extend(entry: IndexEntry, block: Block, change: EntryChange): Promise<Check<AcceptedBlock>> {
    let verdict: Check = PASSED;
    await this.#mover.activate(async () => {
      verdict = await this.#mover.connect(entry, { block, change });
    });
    return verdict.ok ? this.#outcome(entry) : verdict;
  }

  /** The block sits elsewhere: kept first, then its branch may turn out to be the best. */
  async #store(entry: IndexEntry, change: EntryChange): Promise<Check<AcceptedBlock>> {
    await this.#mover.commit({ headers: [toStored(entry, this.#parts.judge, change)] });
    applyChange(entry, change);
    this.#candidates.link(entry, this.#mover.tip);
    await this.#mover.activate();
    return this.#outcome(entry);
  }

  #outcome(entry: IndexEntry): Check<AcceptedBlock> {
    if (entry.isInvalid) {
      const fault = this.#mover.faultOf(entry);
      // Its own fault is told as it is, wherever in a reorganisation it was found.
      if (fault !== undefined && entry.status === 'invalid') return fault;
      const why = fault === undefined ? entry.status : `${entry.status}: ${fault.rule}: ${fault.detail}`;
      return broken('bad-prevblk', `block ${entry.header.id} is ${why}`);
    }
    return passed({ entry, result: this.#mover.isActive(entry) ? 'connected' : 'stored' });
  }

  async #test(block: Block): Promise<Check> {
    const { network, judge, clock } = this.#parts;
    const tip = this.#mover.tip;
    if (!equalBytes(block.header.prevHash, tip.header.hash))
      return broken('prev-blk-not-found', `block does not extend the tip ${tip.header.id}`);
    const header = judgeUnsealedHeader(block.header, tip, network.consensus, judge, clock.nowMs());
    if (!header.ok) return header;
    const body = judgeBody(block, tip, network.consensus);
    if (!body.ok) return body;
    const coins = await judgeConnect(block, tip, network.consensus, this.#parts);
    return coins.ok ? PASSED : coins;
  }
}

/** The status of a block as if nothing had been found wrong with it. */
function statusByData(entry: IndexEntry): 'header' | 'stored' | 'valid' {
  if (!entry.hasBody) return 'header';
  return entry.undo === undefined ? 'stored' : 'valid';
}

async function commitGenesis(parts: ChainManagerParts, entry: IndexEntry): Promise<void> {
  const { network, store, judge } = parts;
  const body = await store.appendBody(encodeSealedBlock(network.genesis));
  const change: EntryChange = { status: 'valid', body, txCount: network.genesis.txs.length };
  await store.commit({
    headers: [toStored(entry, judge, change)],
    tip: network.chainId,
    coins: genesisDiff(network),
    connect: { block: network.chainId, height: 0, txs: network.genesis.txs },
  });
  // So that the coins always belong to a block from now on.
  await store.flush();
  applyChange(entry, change);
}
