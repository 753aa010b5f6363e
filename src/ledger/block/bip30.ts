import type { Block } from '../../primitives/block.ts';
import { displayOutPoint, type OutPoint } from '../../primitives/outpoint.ts';
import { isUnspendable } from '../../primitives/outputScript.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import type { UtxoView } from '../coin.ts';
import type { ConnectContext } from '../context.ts';

/**
 * What BIP30 (no transaction id may reappear while it has coins) asks for:
 *   unneeded: coinbases, and so all transactions, are unique by their heights (BIP34);
 *   enforced: the coins that the block's outputs would replace must not exist;
 *   repeat:   one of the network's named exceptions: such coins are replaced.
 */
export type Bip30 = 'unneeded' | 'enforced' | 'repeat';

/** Which of them holds for a block (Bitcoin Core ConnectBlock, IsBIP30Repeat and BIP34_IMPLIES_BIP30_LIMIT). */
export function bip30For(block: Pick<Block, 'header'>, ctx: ConnectContext): Bip30 {
  const { heights, exceptions } = ctx.params;
  if (heights.bip34 <= 1) return 'unneeded';
  if (exceptions?.bip30Repeats.some((e) => e.height === ctx.height && e.block === block.header.id)) return 'repeat';
  const known = exceptions?.bip34;
  if (known === undefined || ctx.height <= heights.bip34 || ctx.height >= known.bip30From) return 'enforced';
  return ctx.idAt(heights.bip34) === known.block ? 'unneeded' : 'enforced';
}

/** Every spendable output the block makes. */
export function madeOutPoints(block: Block): OutPoint[] {
  const made: OutPoint[] = [];
  for (const { txid, outputs } of block.txs) {
    for (const [index, out] of outputs.entries()) if (!isUnspendable(out.scriptPubKey)) made.push({ txid, index });
  }
  return made;
}

/** No transaction may overwrite coins of an earlier one with the same id (BIP30). */
export function checkNoOverwrite(block: Block, view: UtxoView, ctx: ConnectContext): Check {
  if (bip30For(block, ctx) !== 'enforced') return PASSED;
  const taken = madeOutPoints(block).find((outpoint) => view.coin(outpoint) !== undefined);
  return taken === undefined ? PASSED : broken('bad-txns-BIP30', `${displayOutPoint(taken)} is still unspent`);
}
