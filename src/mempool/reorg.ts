import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { Coin } from '../ledger/coin.ts';
import type { ConnectContext } from '../ledger/context.ts';
import { isFinalTx } from '../ledger/tx/checkTxInHeaderContext.ts';
import { isImmature } from '../ledger/tx/checkTxInUtxoView.ts';
import { checkSequenceLocks } from '../ledger/tx/sequenceLocks.ts';
import type { ConsensusParams } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import { equalBytes } from '../util/bytes.ts';
import { nextBlockAfter } from './nextBlock.ts';
import type { PoolNode } from './poolNode.ts';
import type { TxGraph } from './txGraph.ts';

/** Lock time and relative locks have ended and coinbase coins are mature for a block in this context. */
function couldBeIn(node: PoolNode, ctx: ConnectContext): boolean {
  if (!isFinalTx(node.tx, { height: ctx.height, time: ctx.medianTimePast })) return false;
  if (node.spent.some((coin) => isImmature(coin, ctx.height, ctx.params.coinbaseMaturity))) return false;
  return checkSequenceLocks(node.tx, node.spent, ctx).ok;
}

/** The children of a confirmed entry now spend coins of that height. */
function confirmedAt(node: PoolNode, height: number): void {
  for (const child of node.children) {
    child.tx.inputs.forEach((input, i) => {
      if (!equalBytes(input.prevout.txid, node.tx.txid)) return;
      child.spent[i] = { out: (child.spent[i] as Coin).out, height, coinbase: false };
    });
  }
}

/** Takes out what a connected block holds, and what spends an output that it spends. Synchronous. */
export function confirmBlock(
  graph: TxGraph,
  block: Block,
  height: number,
): { readonly confirmed: readonly PoolNode[]; readonly conflicting: readonly PoolNode[] } {
  const confirmed: PoolNode[] = [];
  const conflicting: PoolNode[] = [];
  // As while many blocks come: their ids and prevouts need not be looked up.
  if (graph.size === 0) return { confirmed, conflicting };
  for (const tx of block.txs) {
    if (tx.isCoinbase) continue;
    const node = graph.get(tx.txid);
    if (node !== undefined) {
      confirmedAt(node, height);
      graph.remove(node);
      confirmed.push(node);
      continue;
    }
    for (const input of tx.inputs) {
      const rival = graph.spender(input.prevout);
      if (rival !== undefined) conflicting.push(...graph.removeWithDescendants([rival]));
    }
  }
  return { confirmed, conflicting };
}

/** Takes out everything that depends on an output of a disconnected block: its inputs are gone for now. Synchronous. */
export function displaceBlock(graph: TxGraph, block: Block): PoolNode[] {
  const roots: PoolNode[] = [];
  for (const { txid, outputs } of block.txs) {
    for (let index = 0; index < outputs.length; index++) {
      const spender = graph.spender({ txid, index });
      if (spender !== undefined) roots.push(spender);
    }
  }
  return graph.removeWithDescendants(roots);
}

/**
 * Entries that could not be in the block after `tip`: going back lowers height and median time, so locks may hold again
 * and coinbase coins may be young again. Going forward never does.
 */
export function noLongerFinal(
  graph: TxGraph,
  chain: Pick<ChainReader, 'ancestor'>,
  params: ConsensusParams,
  tip: HeaderEntry,
): PoolNode[] {
  const ctx = nextBlockAfter(tip, chain, params);
  // An unconfirmed parent counts as confirmed in the next block, whose height has changed: such coins lie at or above it.
  const atMost = (coin: Coin): Coin => (coin.height <= ctx.height ? coin : { ...coin, height: ctx.height });
  const early: PoolNode[] = [];
  for (const node of graph.nodes()) {
    for (let i = 0; i < node.spent.length; i++) node.spent[i] = atMost(node.spent[i] as Coin);
    if (!couldBeIn(node, ctx)) early.push(node);
  }
  return early;
}
