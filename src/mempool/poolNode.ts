import type { Coin } from '../ledger/coin.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import { outPointKey } from '../primitives/outpoint.ts';
import type { Tx } from '../primitives/tx.ts';
import { virtualSize } from './feeRate.ts';
import type { PoolEntry } from './pool.ts';

/** Sums over a package; the transaction itself is included. */
export interface PackageTotals {
  count: number;
  vsize: number;
  weight: number;
  /** Satoshi as a safe integer: all money fits in 2^53. */
  fee: number;
  sigopCost: number;
}

/** What is known of an entry when it is admitted. */
export interface PoolNodeFields {
  readonly tx: Tx;
  readonly fee: bigint;
  readonly timeMs: number;
  readonly height: number;
  readonly sequence: number;
  readonly sigopCost: number;
  /** The coins it spends, in input order; those made in the pool carry the height they were judged at (tip + 1). */
  readonly spent: readonly Coin[];
}

/**
 * Memory of an entry beyond the bytes of its transaction, measured on Node 24: two maps, links, totals and objects.
 * Each input and output is some small objects and a key.
 */
const ENTRY_OVERHEAD = 2400;
const INPUT_OVERHEAD = 1000;
const OUTPUT_OVERHEAD = 120;

/** A transaction in the pool with its place among the others. Only TxGraph changes links and totals. */
export class PoolNode implements PoolEntry {
  readonly tx: Tx;
  readonly fee: bigint;
  readonly timeMs: number;
  readonly height: number;
  readonly sequence: number;
  readonly sigopCost: number;
  readonly key: string;
  readonly wkey: string;
  readonly inputKeys: readonly string[];
  readonly spent: Coin[];
  readonly vsize: number;
  readonly memory: number;
  readonly parents = new Set<PoolNode>();
  readonly children = new Set<PoolNode>();
  /** Over the entry and everything unconfirmed it depends on. */
  readonly withAncestors: PackageTotals;
  /** Over the entry and everything in the pool that depends on it. */
  readonly withDescendants: PackageTotals;
  /** Raised whenever withDescendants changes, so that queued eviction scores can be told stale. */
  version = 0;

  constructor(fields: PoolNodeFields) {
    const { tx } = fields;
    this.tx = tx;
    this.fee = fields.fee;
    this.timeMs = fields.timeMs;
    this.height = fields.height;
    this.sequence = fields.sequence;
    this.sigopCost = fields.sigopCost;
    this.spent = [...fields.spent];
    this.key = hashKey(tx.txid);
    this.wkey = hashKey(tx.wtxid);
    this.inputKeys = tx.inputs.map((input) => outPointKey(input.prevout));
    this.vsize = virtualSize(tx, fields.sigopCost);
    this.memory = ENTRY_OVERHEAD + tx.size + tx.inputs.length * INPUT_OVERHEAD + tx.outputs.length * OUTPUT_OVERHEAD;
    this.withAncestors = this.own();
    this.withDescendants = this.own();
  }

  get txid(): Hash256 {
    return this.tx.txid;
  }

  /** Totals of the entry alone. */
  own(): PackageTotals {
    return {
      count: 1,
      vsize: this.vsize,
      weight: this.tx.weight,
      fee: Number(this.fee),
      sigopCost: this.sigopCost,
    };
  }
}

/** Adds (sign 1) or takes away (sign -1) one entry's own figures. */
export function changeTotals(totals: PackageTotals, node: PoolNode, sign: 1 | -1): void {
  totals.count += sign;
  totals.vsize += sign * node.vsize;
  totals.weight += sign * node.tx.weight;
  totals.fee += sign * Number(node.fee);
  totals.sigopCost += sign * node.sigopCost;
}
