import type { Coin } from '../ledger/coin.ts';
import type { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { SealedHeader } from '../primitives/header.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
import type { Emitter } from '../util/events.ts';
import type { HeaderEntry } from './entry.ts';
import type { ChainEvents } from './events.ts';

/** The header tree as everyone may read it: full nodes and light nodes alike. */
export interface HeaderChainReader {
  readonly genesis: HeaderEntry;
  /** Valid header with the most work (first seen wins ties). */
  bestHeader(): HeaderEntry;
  entry(hash: Hash256): HeaderEntry | undefined;
  /** Ancestor of `of` at `height`. */
  ancestor(of: HeaderEntry, height: number): HeaderEntry | undefined;
  /** Block locator: `of`, then ancestors with growing gaps, genesis last. Internal byte order. */
  locator(of: HeaderEntry): Hash256[];
  /** First entry of the locator that lies on the branch of `tip`; genesis when none does. */
  findFork(locator: readonly Hash256[], tip: HeaderEntry): HeaderEntry;
  /** All tips of the tree (entries without children). */
  tips(): readonly HeaderEntry[];
  readonly events: Emitter<ChainEvents>;
}

/** What accepting a run of headers did. `error` belongs to the first header that was refused; those before it stand. */
export interface HeadersOutcome {
  /** Newly added entries. */
  readonly added: readonly HeaderEntry[];
  /** Last header of the run that is known now (new or before), undefined when none is. */
  readonly last: HeaderEntry | undefined;
  readonly error: (Check & { ok: false }) | undefined;
}

/** Adds headers; persisted before the promise resolves. */
export interface HeaderChainWriter {
  /** Judges and adds headers in order; each must extend a known one. Duplicates are fine. */
  acceptHeaders(headers: readonly SealedHeader[]): Promise<HeadersOutcome>;
}

export interface AcceptedBlock {
  readonly entry: HeaderEntry;
  /** connected: on the active chain now; stored: body kept, another chain is better or its ancestors lack bodies; known: had it. */
  readonly result: 'connected' | 'stored' | 'known';
}

export interface AcceptBlockOptions {
  /** We asked for this block (sync, submitblock): its body is kept even when its branch is not the best (bodyRule.ts). */
  readonly requested?: boolean;
}

/** The full chain as drivers may read it. */
export interface ChainReader extends HeaderChainReader {
  /** The tip of the active chain: everything up to it is fully valid. */
  tip(): HeaderEntry;
  /** Entry of the active chain at `height`, undefined above the tip. */
  atHeight(height: number): HeaderEntry | undefined;
  /** True when `entry` is on the active chain. */
  isActive(entry: HeaderEntry): boolean;
  /** The stored block, undefined when there is no body. */
  readBlock(entry: HeaderEntry): Promise<Block | undefined>;
  /** Its sealed-block bytes (encodeSealedBlock), undefined when there is no body. */
  readBlockBytes(entry: HeaderEntry): Promise<Uint8Array | undefined>;
  /** Coins at the tip, in the order asked. */
  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]>;
  /** Entry of the active block that holds the transaction (needs txindex). */
  findTx(txid: Hash256): Promise<HeaderEntry | undefined>;
}

/** The full chain as the doors use it: the only code that moves a tip. Calls are queued; one runs at a time. */
export interface Chain extends ChainReader, HeaderChainWriter {
  /**
   * Takes a block from anyone: header through the judge, body against its header, stored, and when its branch is best,
   * connected (with reorganisation). Broken rules come back as a Check; our own failures throw.
   */
  acceptBlock(block: Block, options?: AcceptBlockOptions): Promise<Check<AcceptedBlock>>;
  /** Judges a block on top of the tip without its proof of work and without keeping anything (templates, proposals). */
  testBlock(block: Block): Promise<Check>;
}
