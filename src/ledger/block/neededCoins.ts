import type { Block } from '../../primitives/block.ts';
import { hashKey } from '../../primitives/hash.ts';
import type { OutPoint } from '../../primitives/outpoint.ts';
import type { ConnectContext } from '../context.ts';
import { bip30For, madeOutPoints } from './bip30.ts';

/**
 * The coins to fetch before the block can be connected: every outpoint it spends that an earlier transaction of the block
 * does not make, and where BIP30 needs a look, every outpoint it makes. In block order.
 */
export function neededCoins(block: Block, ctx: ConnectContext): OutPoint[] {
  const needed: OutPoint[] = [];
  const earlier = new Set<string>();
  for (const tx of block.txs) {
    if (!tx.isCoinbase) {
      for (const { prevout } of tx.inputs) if (!earlier.has(hashKey(prevout.txid))) needed.push(prevout);
    }
    earlier.add(hashKey(tx.txid));
  }
  return bip30For(block, ctx) === 'unneeded' ? needed : needed.concat(madeOutPoints(block));
}
