import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
import type { Tx } from '../primitives/tx.ts';
import type { Emitter } from '../util/events.ts';

export interface PoolEntry {
  readonly tx: Tx;
  /** Satoshi. */
  readonly fee: bigint;
  /** Unix milliseconds of admission. */
  readonly timeMs: number;
  /** Height of the tip at admission. */
  readonly height: number;
  /** Order of admission. */
  readonly sequence: number;
  /** BIP141 sigop cost. */
  readonly sigopCost: number;
}

export interface PoolEvents {
  added: { readonly entry: PoolEntry };
  /** reason: block = confirmed; conflict = a block spent its input; expiry, sizelimit, reorg as in Bitcoin Core. */
  removed: { readonly entry: PoolEntry; readonly reason: 'block' | 'conflict' | 'expiry' | 'sizelimit' | 'reorg' };
}

/** Unconfirmed transactions: consistent with the tip at every moment between two calls. */
export interface Mempool {
  readonly events: Emitter<PoolEvents>;
  /** Judges and adds. `testOnly` judges alone. maxFeeRate (satoshi per 1000 vbytes) breaks 'max-fee-exceeded'. */
  admit(tx: Tx, options?: { readonly testOnly?: boolean; readonly maxFeeRate?: bigint }): Promise<Check<PoolEntry>>;
  get(txid: Hash256): PoolEntry | undefined;
  getByWtxid(wtxid: Hash256): PoolEntry | undefined;
  /** The pool transaction that spends this output. */
  spender(outpoint: OutPoint): PoolEntry | undefined;
  entries(): readonly PoolEntry[];
  /** In-pool ancestors / descendants, without the entry itself. */
  ancestors(entry: PoolEntry): readonly PoolEntry[];
  descendants(entry: PoolEntry): readonly PoolEntry[];
  readonly size: number;
  /** Sum of serialized bytes / of virtual bytes / estimate of memory. */
  readonly bytes: number;
  readonly vbytes: number;
  readonly memory: number;
  readonly maxMemory: number;
  /** Satoshi per 1000 vbytes: static floor, and the floor that eviction has raised it to. */
  readonly minRelayFeeRate: bigint;
  readonly minFeeRate: bigint;
  /**
   * Transactions for the next block on the tip, parents first, best fee rate of their packages first, within the limits.
   * All come from one moment.
   */
  select(limits: { readonly maxWeight: number; readonly maxSigopCost: number }): readonly PoolEntry[];
}
