import { type OutPoint, outPointKey } from '../primitives/outpoint.ts';
import type { Tx } from '../primitives/tx.ts';
import { assert } from '../util/assert.ts';
import type { Coin, CoinChange, UtxoDiff, UtxoView } from './coin.ts';
import { isUnspendable } from './unspendable.ts';

/** A coin this overlay made, or one of the base that it spent. */
type Change =
  | { readonly kind: 'made'; readonly change: CoinChange }
  | { readonly kind: 'spent'; readonly change: CoinChange };

/** Coins changed in memory on top of a view that stays as it is: blocks being judged, templates, unconfirmed chains. */
export class UtxoOverlay implements UtxoView {
  readonly #base: UtxoView;
  readonly #changes = new Map<string, Change>();

  constructor(base: UtxoView) {
    this.#base = base;
  }

  coin(outpoint: OutPoint): Coin | undefined {
    const change = this.#changes.get(outPointKey(outpoint));
    if (change === undefined) return this.#base.coin(outpoint);
    return change.kind === 'made' ? change.change.coin : undefined;
  }

  /** Takes an existing coin away. */
  spend(outpoint: OutPoint): Coin {
    const key = outPointKey(outpoint);
    const known = this.#changes.get(key);
    if (known?.kind === 'made') {
      // Made and spent within the overlay: the base never sees it.
      this.#changes.delete(key);
      return known.change.coin;
    }
    const coin = known === undefined ? this.#base.coin(outpoint) : undefined;
    assert(coin !== undefined, 'a coin is looked up before it is spent');
    this.#changes.set(key, { kind: 'spent', change: { outpoint, coin } });
    return coin;
  }

  /** Adds a coin that does not exist in the overlay. */
  add(outpoint: OutPoint, coin: Coin): void {
    const key = outPointKey(outpoint);
    assert(!this.#changes.has(key), 'a coin is made once');
    this.#changes.set(key, { kind: 'made', change: { outpoint, coin } });
  }

  /** Adds the spendable outputs of a transaction, as if it stood in a block at `height`. */
  addOutputs(tx: Tx, height: number, coinbase = tx.isCoinbase): void {
    tx.outputs.forEach((out, index) => {
      if (!isUnspendable(out.scriptPubKey)) this.add({ txid: tx.txid, index }, { out, height, coinbase });
    });
  }

  /** Spends a transaction's inputs (unless it is a coinbase) and adds its outputs. */
  applyTx(tx: Tx, height: number): void {
    if (!tx.isCoinbase) for (const input of tx.inputs) this.spend(input.prevout);
    this.addOutputs(tx, height);
  }

  /** All changes against the base, in the order they were made. */
  diff(): UtxoDiff {
    const spent: CoinChange[] = [];
    const added: CoinChange[] = [];
    for (const { kind, change } of this.#changes.values()) (kind === 'spent' ? spent : added).push(change);
    return { spent, added };
  }
}

/** A view of coins that were fetched before; for the store's batched reads. */
export class CoinMap implements UtxoView {
  readonly #coins = new Map<string, Coin>();

  /** `coins[i]` belongs to `outpoints[i]`; undefined where there is none. */
  static of(outpoints: readonly OutPoint[], coins: readonly (Coin | undefined)[]): CoinMap {
    const map = new CoinMap();
    outpoints.forEach((outpoint, i) => {
      const coin = coins[i];
      if (coin !== undefined) map.#coins.set(outPointKey(outpoint), coin);
    });
    return map;
  }

  coin(outpoint: OutPoint): Coin | undefined {
    return this.#coins.get(outPointKey(outpoint));
  }
}
