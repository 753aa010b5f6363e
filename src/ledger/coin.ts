import type { OutPoint } from '../primitives/outpoint.ts';
import type { TxOut } from '../primitives/tx.ts';

/** An unspent output. */
export interface Coin {
  readonly out: TxOut;
  /** Height of the block that made it. */
  readonly height: number;
  readonly coinbase: boolean;
}

/** What a block or transaction may look up. Synchronous: everything it needs was fetched before. */
export interface UtxoView {
  coin(outpoint: OutPoint): Coin | undefined;
}

export interface CoinChange {
  readonly outpoint: OutPoint;
  readonly coin: Coin;
}

/**
 * What connecting a block does to the coins. Coins made and spent within the block appear in neither list.
 * Undoing is the reverse: remove `added`, restore `spent`. An outpoint in both has its coin replaced: removals come first.
 */
export interface UtxoDiff {
  readonly spent: readonly CoinChange[];
  readonly added: readonly CoinChange[];
}
