import type { ChainReader } from '../chain/chain.ts';
import type { Coin, UtxoView } from '../ledger/coin.ts';
import { displayOutPoint, type OutPoint, outPointKey } from '../primitives/outpoint.ts';
import { isUnspendable } from '../primitives/outputScript.ts';
import { broken, type Check, passed } from '../primitives/rules.ts';
import type { Tx } from '../primitives/tx.ts';
import type { TxGraph } from './txGraph.ts';

/** The coin that an unconfirmed transaction makes: judged as if it confirmed in the next block. */
function poolCoin(graph: TxGraph, outpoint: OutPoint, nextHeight: number): Coin | undefined {
  const out = graph.get(outpoint.txid)?.tx.outputs[outpoint.index];
  if (out === undefined || isUnspendable(out.scriptPubKey)) return undefined;
  return { out, height: nextHeight, coinbase: false };
}

/**
 * The coins of all inputs, from the pool and, with one batched read, from the chain.
 * 'txn-already-known': an output of the transaction is an unspent coin, so it is confirmed.
 * 'bad-txns-inputs-missingorspent': its parent is in the pool and has no such output: it can never become valid.
 * 'missing-inputs': the coin is spent or its transaction was never seen: it may come.
 */
export async function lookUpInputs(
  tx: Tx,
  chain: Pick<ChainReader, 'coins'>,
  graph: TxGraph,
  nextHeight: number,
): Promise<Check<UtxoView>> {
  const coins = new Map<string, Coin>();
  const wanted: OutPoint[] = [];
  for (const { prevout } of tx.inputs) {
    if (graph.get(prevout.txid) === undefined) {
      wanted.push(prevout);
      continue;
    }
    const coin = poolCoin(graph, prevout, nextHeight);
    if (coin === undefined)
      return broken(
        'bad-txns-inputs-missingorspent',
        `${displayOutPoint(prevout)} is no spendable output of its transaction`,
      );
    coins.set(outPointKey(prevout), coin);
  }
  const found = await chain.coins(wanted);
  const missing = wanted.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) {
    const own = await chain.coins(tx.outputs.map((_, index) => ({ txid: tx.txid, index })));
    if (own.some((coin) => coin !== undefined)) return broken('txn-already-known', `${tx.id} is confirmed`);
    return broken('missing-inputs', `${missing.map(displayOutPoint).join(', ')}: spent or unknown`);
  }
  wanted.forEach((outpoint, i) => {
    coins.set(outPointKey(outpoint), found[i] as Coin);
  });
  return passed({ coin: (outpoint) => coins.get(outPointKey(outpoint)) });
}
