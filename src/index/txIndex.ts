import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { Block } from '../primitives/block.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Logger } from '../util/ports.ts';
import type { TxIndexStore } from './ports.ts';

/** Transactions gathered before they are written. */
const CHUNK = 10_000;
/** When writing is so far behind the blocks that come, they are read from disk again later. */
const MAX_PENDING = 100_000;
/** Blocks between two looks at the log's clock while the index is built. */
const BLOCKS_PER_LINE = 10_000;

export interface TxIndexParts {
  readonly chain: Pick<ChainReader, 'tip' | 'atHeight' | 'entry' | 'isActive' | 'readBlock' | 'locator' | 'events'>;
  /** Undefined when it could not even be opened; then `reason` says why. */
  readonly store: TxIndexStore | undefined;
  readonly reason?: string;
  readonly log: Logger;
  /** Lets everything else run. */
  readonly pause: () => Promise<void>;
}

export interface TxIndexInfo {
  /** True when every block of the active chain is in it. */
  readonly synced: boolean;
  /** Height of the last block that is. */
  readonly bestHeight: number;
  /** Why it cannot be used, undefined while it can. */
  readonly failed: string | undefined;
}

interface Pending {
  readonly txid: Hash256;
  readonly block: Hash256 | undefined;
}

/**
 * Where each confirmed transaction is. Follows the chain by its events, and reads from disk what it missed: an index that is
 * new, or was off for a while, is built while the node runs. It is never part of the chain's own commits, and whatever goes
 * wrong with it only makes it unusable, with a reason in the log, until it is built anew.
 */
export class TxIndex {
  readonly #parts: TxIndexParts;
  readonly #life = new Lifetime();
  /** Last block in the index, what is not written yet included. */
  #head: HeaderEntry | undefined;
  /** The head is the tip, and events keep it so. */
  #following = false;
  #pending = new Map<string, Pending>();
  #writing = new Map<string, Pending>();
  #failed: string | undefined;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(parts: TxIndexParts) {
    this.#parts = parts;
    if (parts.store === undefined) this.#fail(parts.reason ?? 'it cannot be opened');
  }

  /** Begins to follow the chain, from where the index was left. */
  start(): void {
    const { events } = this.#parts.chain;
    this.#life.add(events.on('connected', ({ entry, block }) => this.#connected(entry, block)));
    this.#life.add(events.on('disconnected', ({ entry, block }) => this.#disconnected(entry, block)));
    this.#life.add(events.on('tip', () => this.look()));
    this.#running = this.#run().catch((error: unknown) => this.#fail(error));
  }

  /** Looks whether there is more to take in. Blocks below a snapshot of coins become valid without an event of the chain. */
  look(): void {
    if (this.#head !== this.#parts.chain.tip()) this.#following = false;
    this.#wake();
  }

  /** Writes what is gathered and ends. */
  async close(): Promise<void> {
    await this.#life.close();
    this.#wake();
    await this.#running;
  }

  info(): TxIndexInfo {
    const synced = this.#following && this.#failed === undefined;
    return { synced, bestHeight: this.#head?.height ?? 0, failed: this.#failed };
  }

  /** Hash of the active block that holds the transaction. */
  async find(txid: Hash256): Promise<Hash256 | undefined> {
    if (this.#failed !== undefined) return undefined;
    const key = hashKey(txid);
    const fresh = this.#pending.get(key) ?? this.#writing.get(key);
    try {
      const block = fresh === undefined ? await this.#parts.store?.find(txid) : fresh.block;
      if (block === undefined) return undefined;
      const { chain } = this.#parts;
      // Left over from a block that a power cut took away, or from a branch that is being taken back.
      const entry = chain.entry(block);
      return entry !== undefined && chain.isActive(entry) ? block : undefined;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    if (this.#failed !== undefined) return;
    this.#failed = error instanceof Error ? error.message : String(error);
    this.#following = false;
    this.#pending.clear();
    this.#writing.clear();
    const { log } = this.#parts;
    log.warn(
      { reason: this.#failed },
      'the transaction index cannot be used; start with --reindex-txindex to build it anew',
    );
  }

  #connected(entry: HeaderEntry, block: Block): void {
    if (!this.#following) return;
    if (entry.parent === this.#head) this.#add(entry, block);
    // Too many at once, or the tip jumped: the rest is read from disk when there is time.
    if (entry !== this.#head || this.#pending.size > MAX_PENDING) this.#following = false;
    this.#wake();
  }

  #disconnected(entry: HeaderEntry, block: Block): void {
    if (!this.#following || entry !== this.#head) return;
    this.#remove(entry, block);
    this.#wake();
  }

  #add(entry: HeaderEntry, block: Block): void {
    for (const { txid } of block.txs) this.#pending.set(hashKey(txid), { txid, block: entry.header.hash });
    this.#head = entry;
  }

  #remove(entry: HeaderEntry, block: Block): void {
    for (const { txid } of block.txs) this.#pending.set(hashKey(txid), { txid, block: undefined });
    this.#head = entry.parent;
  }

  async #run(): Promise<void> {
    await this.#findHead();
    let read = 0;
    while (!this.#life.closed && this.#failed === undefined) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#pending.size >= CHUNK || (this.#following && this.#pending.size > 0)) await this.#write();
      else if (this.#following) await woken;
      else if (await this.#step()) {
        if (++read % BLOCKS_PER_LINE === 0) this.#tell();
        await this.#parts.pause();
      } else {
        // Nothing was awaited since the chain was looked at: its events go on from here.
        this.#following = this.#failed === undefined && this.#head === this.#parts.chain.tip();
        if (!this.#following && this.#pending.size > 0) await this.#write();
        if (!this.#following && this.#failed === undefined) await woken;
        else if (read > 1)
          this.#parts.log.info({ height: this.#head?.height ?? 0, blocks: read }, 'transaction index is complete');
        read = 0;
      }
    }
    if (this.#failed === undefined && this.#pending.size > 0) await this.#write();
  }

  /** The last block of the index that is known: what lies above it was taken away by a power cut, and its entries with it. */
  async #findHead(): Promise<void> {
    const locator = (await this.#parts.store?.locator()) ?? [];
    for (const hash of locator) {
      this.#head = this.#parts.chain.entry(hash);
      if (this.#head !== undefined) return;
    }
  }

  /** Takes one block in, or back out, from disk. False when there is none, or the next is not validated yet. */
  async #step(): Promise<boolean> {
    const { chain } = this.#parts;
    const head = this.#head;
    if (head !== undefined && !chain.isActive(head)) {
      // Without its body its entries stay, and find() does not believe them.
      const block = await chain.readBlock(head);
      if (block === undefined) this.#head = head.parent;
      else this.#remove(head, block);
      return true;
    }
    const next = chain.atHeight(head === undefined ? 0 : head.height + 1);
    if (next === undefined || next.status !== 'valid') return false;
    const block = await chain.readBlock(next);
    if (block === undefined) throw new Error(`block ${next.height} (${next.header.id}) has no body`);
    this.#add(next, block);
    return true;
  }

  async #write(): Promise<void> {
    // What was gathered came with a block that was connected in this turn: putting the write together is one more piece.
    await this.#parts.pause();
    // Meanwhile everything may have been dropped; without its entries the place must not be written.
    if (this.#failed !== undefined) return;
    const head = this.#head;
    this.#writing = this.#pending;
    this.#pending = new Map();
    const locator = head === undefined ? [] : this.#parts.chain.locator(head);
    await this.#parts.store?.write({ txs: [...this.#writing.values()], locator });
    this.#writing = new Map();
  }

  #tell(): void {
    const { log, chain } = this.#parts;
    const [height, of] = [this.#head?.height ?? 0, chain.tip().height];
    log.info({ height, of }, `building the transaction index: block ${height} of ${of}`);
  }
}
