import type { Block } from '../../primitives/block.ts';
import { FROM_OUTSIDE } from '../../primitives/blockLinks.ts';
import { OutPointIndex } from '../../primitives/outPointIndex.ts';
import type { OutPoint } from '../../primitives/outpoint.ts';
import { isUnspendable } from '../../primitives/outputScript.ts';
import { type Check, passed } from '../../primitives/rules.ts';
import { TXS_PER_STEP, type Tx, type TxOut } from '../../primitives/tx.ts';
import { inSlices, type Steps } from '../../util/steps.ts';
import type { Coin, CoinChange, UtxoDiff, UtxoView } from '../coin.ts';
import { missingCoin } from '../tx/checkTxInUtxoView.ts';

/**
 * The coins that a block spends and makes on top of a view. Those that it makes and spends itself are found through its
 * links, by numbers alone; all others are asked of the view, once each, in the order that neededCoins lists them.
 */
export class BlockCoins {
  readonly #block: Block;
  readonly #view: UtxoView;
  readonly #height: number;
  /** By number of the output: 1 where it is spent within the block. */
  readonly #spentInside: Uint8Array;
  /** Coins of the view that are spent already. */
  readonly #spentOutside: OutPointIndex;
  readonly #spent: CoinChange[] = [];

  /** The block stands at `height`. */
  constructor(block: Block, view: UtxoView, height: number) {
    this.#block = block;
    this.#view = view;
    this.#height = height;
    this.#spentOutside = new OutPointIndex(block.links.makers.length, block.header.hash);
    this.#spentInside = new Uint8Array(block.links.firstOutput[block.txs.length] as number);
  }

  /**
   * Spends all inputs of the block's transaction `index`, which is no coinbase, and returns their coins in order.
   * Transactions take their turns in block order. Breaks 'bad-txns-inputs-missingorspent'; what is left then is of no use.
   */
  spend(index: number): Check<readonly Coin[]> {
    const { inputs } = this.#block.txs[index] as Tx;
    const { firstInput, makers } = this.#block.links;
    const first = firstInput[index] as number;
    const coins = new Array<Coin>(inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const { prevout } = inputs[i] as { readonly prevout: OutPoint };
      const maker = makers[first + i] as number;
      const coin = maker === FROM_OUTSIDE ? this.#takeOutside(prevout) : this.#takeInside(maker, prevout.index);
      if (coin === undefined) return missingCoin(i, prevout);
      coins[i] = coin;
    }
    return passed(coins);
  }

  /** The outputs of transaction `index` replace coins that the view has at the same outpoints (BIP30's exceptions). */
  replace(index: number): void {
    const { txid, outputs } = this.#block.txs[index] as Tx;
    for (let i = 0; i < outputs.length; i++) {
      const outpoint = { txid, index: i };
      const coin = isUnspendable((outputs[i] as TxOut).scriptPubKey) ? undefined : this.#view.coin(outpoint);
      if (coin !== undefined) this.#spent.push({ outpoint, coin });
    }
  }

  /** What the whole block does: coins it spent in that order, coins it made in block order. */
  *diff(): Steps<UtxoDiff> {
    const added: CoinChange[] = [];
    yield* inSlices(this.#block.txs.length, TXS_PER_STEP, (from, to) => {
      for (let t = from; t < to; t++) this.#addLeft(t, added);
    });
    return { spent: this.#spent, added };
  }

  /** Adds the coins that transaction `t` leaves. */
  #addLeft(t: number, added: CoinChange[]): void {
    const { txid, outputs } = this.#block.txs[t] as Tx;
    const first = this.#block.links.firstOutput[t] as number;
    for (let index = 0; index < outputs.length; index++) {
      if (this.#spentInside[first + index] !== 0 || isUnspendable((outputs[index] as TxOut).scriptPubKey)) continue;
      added.push({ outpoint: { txid, index }, coin: this.#made(t, index) });
    }
  }

  /** The coin of an output of the block. */
  #made(tx: number, index: number): Coin {
    const { outputs, isCoinbase } = this.#block.txs[tx] as Tx;
    return { out: outputs[index] as TxOut, height: this.#height, coinbase: isCoinbase };
  }

  #takeInside(maker: number, index: number): Coin | undefined {
    const out = (this.#block.txs[maker] as Tx).outputs[index];
    const number = (this.#block.links.firstOutput[maker] as number) + index;
    if (out === undefined || isUnspendable(out.scriptPubKey) || this.#spentInside[number] !== 0) return undefined;
    this.#spentInside[number] = 1;
    return this.#made(maker, index);
  }

  #takeOutside(outpoint: OutPoint): Coin | undefined {
    const coin = this.#view.coin(outpoint);
    if (coin === undefined) return undefined;
    if (this.#spentOutside.get(outpoint.txid, outpoint.index) !== undefined) return undefined;
    this.#spentOutside.add(outpoint.txid, outpoint.index, this.#spent.length);
    this.#spent.push({ outpoint, coin });
    return coin;
  }
}
