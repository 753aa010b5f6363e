import type { Block } from '../../primitives/block.ts';
import { FROM_OUTSIDE } from '../../primitives/blockLinks.ts';
import type { OutPoint } from '../../primitives/outpoint.ts';
import type { Tx } from '../../primitives/tx.ts';
import { runSteps, type Steps } from '../../util/steps.ts';
import type { ConnectContext } from '../context.ts';
import { bip30For, madeOutPoints } from './bip30.ts';

/**
 * The coins to fetch before the block can be connected: every outpoint it spends that an earlier transaction of the block
 * does not make, and where BIP30 needs a look, every outpoint it makes. In block order.
 */
export function neededCoins(block: Block, ctx: ConnectContext): OutPoint[] {
  return runSteps(namingNeededCoins(block, ctx));
}

/** neededCoins in steps. */
export function* namingNeededCoins(block: Block, ctx: ConnectContext): Steps<OutPoint[]> {
  const { makers, firstInput } = yield* block.linking();
  const needed: OutPoint[] = [];
  for (let i = 0; i < block.txs.length; i++) {
    const tx = block.txs[i] as Tx;
    if (tx.isCoinbase) continue;
    let at = firstInput[i] as number;
    for (const { prevout } of tx.inputs) if (makers[at++] === FROM_OUTSIDE) needed.push(prevout);
  }
  return bip30For(block, ctx) === 'unneeded' ? needed : needed.concat(madeOutPoints(block));
}
