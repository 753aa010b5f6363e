import { isMoney } from '../../primitives/amount.ts';
import { displayOutPoint } from '../../primitives/outpoint.ts';
import { broken, type Check, passed } from '../../primitives/rules.ts';
import type { Tx } from '../../primitives/tx.ts';
import type { Coin, UtxoView } from '../coin.ts';

/** What a transaction that may spend its inputs pays, and the coins it spends, one per input in order. */
export interface SpendSummary {
  /** Satoshi. */
  readonly fee: bigint;
  readonly coins: readonly Coin[];
}

/** Every input names an existing coin (Bitcoin Core Consensus::CheckTxInputs). */
function findCoins(tx: Tx, view: UtxoView): Check<readonly Coin[]> {
  const coins: Coin[] = [];
  for (const [i, { prevout }] of tx.inputs.entries()) {
    const coin = view.coin(prevout);
    if (coin === undefined)
      return broken(
        'bad-txns-inputs-missingorspent',
        `input ${i} spends ${displayOutPoint(prevout)}, which is no coin`,
      );
    coins.push(coin);
  }
  return passed(coins);
}

/** Coinbase coins rest for `maturity` blocks; amounts stay within bounds at every step. Returns the sum, satoshi. */
function sumCoins(coins: readonly Coin[], spendHeight: number, maturity: number): Check<bigint> {
  let total = 0n;
  for (const [i, coin] of coins.entries()) {
    const age = spendHeight - coin.height;
    if (coin.coinbase && age < maturity)
      return broken('bad-txns-premature-spend-of-coinbase', `input ${i} spends a coinbase of depth ${age}`);
    total += coin.out.value;
    if (!isMoney(coin.out.value) || !isMoney(total))
      return broken('bad-txns-inputvalues-outofrange', `inputs 0 to ${i} sum to ${total}`);
  }
  return passed(total);
}

/**
 * The transaction, not a coinbase and sane alone, may spend its inputs in a block at `spendHeight`: they exist, are mature
 * and cover the outputs (Bitcoin Core Consensus::CheckTxInputs). Scripts are judged elsewhere.
 */
export function checkTxInUtxoView(
  tx: Tx,
  view: UtxoView,
  spendHeight: number,
  coinbaseMaturity: number,
): Check<SpendSummary> {
  const coins = findCoins(tx, view);
  if (!coins.ok) return coins;
  const valueIn = sumCoins(coins.value, spendHeight, coinbaseMaturity);
  if (!valueIn.ok) return valueIn;
  let valueOut = 0n;
  for (const out of tx.outputs) valueOut += out.value;
  if (valueIn.value < valueOut)
    return broken('bad-txns-in-belowout', `inputs of ${valueIn.value} pay outputs of ${valueOut}`);
  const fee = valueIn.value - valueOut;
  if (!isMoney(fee)) return broken('bad-txns-fee-outofrange', `fee ${fee}`);
  return passed({ fee, coins: coins.value });
}
