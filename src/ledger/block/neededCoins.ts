import type { ConsensusParams } from '../../params/network.ts';
import type { Block } from '../../primitives/block.ts';
import { hashKey } from '../../primitives/hash.ts';
import type { OutPoint } from '../../primitives/outpoint.ts';
import { isUnspendable } from '../unspendable.ts';

/**
 * Whether BIP30 (no transaction id may reappear while it has coins) still needs looking at: once BIP34 holds from block
 * one, coinbases and so all transactions are unique by their heights.
 */
export function bip30NeedsLookup(params: Pick<ConsensusParams, 'heights'>): boolean {
  return params.heights.bip34 > 1;
}

/** Every spendable output the block makes. */
export function madeOutPoints(block: Block): OutPoint[] {
  const made: OutPoint[] = [];
  for (const { txid, outputs } of block.txs) {
    for (const [index, out] of outputs.entries()) if (!isUnspendable(out.scriptPubKey)) made.push({ txid, index });
  }
  return made;
}

/**
 * The coins to fetch before the block can be connected: every outpoint it spends that an earlier transaction of the block
 * does not make, and where BIP30 is checked by lookup, every outpoint it makes. In block order.
 */
export function neededCoins(block: Block, params: Pick<ConsensusParams, 'heights'>): OutPoint[] {
  const needed: OutPoint[] = [];
  const earlier = new Set<string>();
  for (const tx of block.txs) {
    if (!tx.isCoinbase) {
      for (const { prevout } of tx.inputs) if (!earlier.has(hashKey(prevout.txid))) needed.push(prevout);
    }
    earlier.add(hashKey(tx.txid));
  }
  return bip30NeedsLookup(params) ? needed.concat(madeOutPoints(block)) : needed;
}
