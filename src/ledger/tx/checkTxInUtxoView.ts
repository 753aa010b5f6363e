import { isMoney } from '../../primitives/amount.ts';
import { displayOutPoint, type OutPoint } from '../../primitives/outpoint.ts';
import { type Broken, broken, type Check, passed } from '../../primitives/rules.ts';
import type { Tx } from '../../primitives/tx.ts';
import type { Coin, UtxoView } from '../coin.ts';

/** What a transaction that may spend its inputs pays, and the coins it spends, one per input in order. */
export interface SpendSummary {
  /** Satoshi. */
  readonly fee: bigint;
  readonly coins: readonly Coin[];
}

/** What input `i` is refused with when its prevout names no coin. */
export function missingCoin(i: number, prevout: OutPoint): Broken {
  return broken('bad-txns-inputs-missingorspent', `input ${i} spends ${displayOutPoint(prevout)}, which is no coin`);
}

/** Every input names an existing coin (Bitcoin Core Consensus::CheckTxInputs). */
function findCoins(tx: Tx, view: UtxoView): Check<readonly Coin[]> {
  const coins: Coin[] = [];
  for (const { prevout } of tx.inputs) {
    const coin = view.coin(prevout);
    if (coin === undefined) return missingCoin(coins.length, prevout);
    coins.push(coin);
  }
  return passed(coins);
}

/** A coinbase coin rests for `maturity` blocks (Bitcoin Core COINBASE_MATURITY). */
export function isImmature(coin: Coin, spendHeight: number, maturity: number): boolean {
  return coin.coinbase && spendHeight - coin.height < maturity;
}

/** Coinbase coins are mature; amounts stay within bounds at every step. Returns the sum, satoshi. */
function sumCoins(coins: readonly Coin[], spendHeight: number, maturity: number): Check<bigint> {
  let total = 0n;
  for (let i = 0; i < coins.length; i++) {
    const coin = coins[i] as Coin;
    if (isImmature(coin, spendHeight, maturity)) {
      const detail = `input ${i} spends a coinbase of depth ${spendHeight - coin.height}`;
      return broken('bad-txns-premature-spend-of-coinbase', detail);
    }
    total += coin.out.value;
    if (!isMoney(coin.out.value) || !isMoney(total))
      return broken('bad-txns-inputvalues-outofrange', `inputs 0 to ${i} sum to ${total}`);
  }
  return passed(total);
}

/**
 * The transaction, not a coinbase and sane alone, may spend `coins`, those of its inputs in order, in a block at
 * `spendHeight`: they are mature and cover the outputs (the rest of Bitcoin Core Consensus::CheckTxInputs). Scripts are
 * judged elsewhere.
 */
export function checkSpend(
  tx: Tx,
  coins: readonly Coin[],
  spendHeight: number,
  coinbaseMaturity: number,
): Check<SpendSummary> {
  const valueIn = sumCoins(coins, spendHeight, coinbaseMaturity);
  if (!valueIn.ok) return valueIn;
  let valueOut = 0n;
  for (const out of tx.outputs) valueOut += out.value;
  if (valueIn.value < valueOut)
    return broken('bad-txns-in-belowout', `inputs of ${valueIn.value} pay outputs of ${valueOut}`);
  const fee = valueIn.value - valueOut;
  return isMoney(fee) ? passed({ fee, coins }) : broken('bad-txns-fee-outofrange', `fee ${fee}`);
}

/** The inputs exist in `view`, and checkSpend lets the transaction spend them. */
export function checkTxInUtxoView(
  tx: Tx,
  view: UtxoView,
  spendHeight: number,
  coinbaseMaturity: number,
): Check<SpendSummary> {
  const coins = findCoins(tx, view);
  return coins.ok ? checkSpend(tx, coins.value, spendHeight, coinbaseMaturity) : coins;
}
