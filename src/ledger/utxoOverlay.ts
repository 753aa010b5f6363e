import { type OutPoint, outPointKey } from '../primitives/outpoint.ts';
import { isUnspendable } from '../primitives/outputScript.ts';
import type { Tx } from '../primitives/tx.ts';
import { assert } from '../util/assert.ts';
import type { Coin, CoinChange, UtxoDiff, UtxoView } from './coin.ts';

/** A coin this overlay made (in place of one of the base, BIP30's exceptions), or one of the base that it spent. */
type Change =
  | { readonly kind: 'made'; readonly change: CoinChange; readonly replaced?: Coin }
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
      // Made and spent within the overlay: the base never sees it, but loses what it replaced.
      if (known.replaced === undefined) this.#changes.delete(key);
      else this.#changes.set(key, { kind: 'spent', change: { outpoint, coin: known.replaced } });
      return known.change.coin;
    }
    const coin = known === undefined ? this.#base.coin(outpoint) : undefined;
    assert(coin !== undefined, 'a coin is looked up before it is spent');
    this.#changes.set(key, { kind: 'spent', change: { outpoint, coin } });
    return coin;
  }

  /** Adds a coin that this overlay has not seen. Where the base has one at the outpoint, it is replaced. */
  add(outpoint: OutPoint, coin: Coin): void {
    const key = outPointKey(outpoint);
    assert(!this.#changes.has(key), 'a coin is made once');
    const replaced = this.#base.coin(outpoint);
    const change = { outpoint, coin };
    this.#changes.set(key, replaced === undefined ? { kind: 'made', change } : { kind: 'made', change, replaced });
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

  /** All changes against the base, in the order they were made. A replaced coin is spent, and its outpoint added. */
  diff(): UtxoDiff {
    const spent: CoinChange[] = [];
    const added: CoinChange[] = [];
    for (const entry of this.#changes.values()) {
      const { change } = entry;
      if (entry.kind === 'spent') spent.push(change);
      else {
        added.push(change);
        if (entry.replaced !== undefined) spent.push({ outpoint: change.outpoint, coin: entry.replaced });
      }
    }
    return { spent, added };
  }
}

/** A view of coins that were fetched before; for the store's batched reads. */
export class CoinMap implements UtxoView {
  readonly #outpoints: readonly OutPoint[];
  readonly #coins: readonly (Coin | undefined)[];
  /** Where the next answer lies when the coins are asked for in the order they were fetched. */
  #next = 0;
  #byKey: ReadonlyMap<string, Coin> | undefined;

  private constructor(outpoints: readonly OutPoint[], coins: readonly (Coin | undefined)[]) {
    this.#outpoints = outpoints;
    this.#coins = coins;
  }

  /** `coins[i]` belongs to `outpoints[i]`; undefined where there is none. Keeps both: they must not change any more. */
  static of(outpoints: readonly OutPoint[], coins: readonly (Coin | undefined)[]): CoinMap {
    return new CoinMap(outpoints, coins);
  }

  coin(outpoint: OutPoint): Coin | undefined {
    // A block asks for its coins by the very outpoints that neededCoins named, in that order: no key is made then.
    if (this.#outpoints[this.#next] === outpoint) return this.#coins[this.#next++];
    this.#byKey ??= this.#indexed();
    return this.#byKey.get(outPointKey(outpoint));
  }

  #indexed(): ReadonlyMap<string, Coin> {
    const byKey = new Map<string, Coin>();
    this.#outpoints.forEach((outpoint, i) => {
      const coin = this.#coins[i];
      if (coin !== undefined) byKey.set(outPointKey(outpoint), coin);
    });
    return byKey;
  }
}
