import type { Judge } from '../consensus/engine.ts';
import { checkHeaderInContext } from '../consensus/headerRules.ts';
import { checkBlockAlone } from '../ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../ledger/block/checkBlockInHeaderContext.ts';
import { type ConnectedBlock, connectBlock } from '../ledger/block/connectBlock.ts';
import { neededCoins } from '../ledger/block/neededCoins.ts';
import type { Coin, UtxoDiff } from '../ledger/coin.ts';
import type { ConnectContext } from '../ledger/context.ts';
import { CoinMap, UtxoOverlay } from '../ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
import { connectContext } from './connectContext.ts';
import { contextAfter, type IndexEntry } from './headerIndex.ts';
import type { CoinChange } from './ports.ts';

/** What a block on top of `parent` may know of its branch. */
function contextOn(parent: IndexEntry, params: ConsensusParams): ConnectContext {
  return connectContext(parent, params, (height) => parent.ancestor(height));
}

/** Every rule of a body that needs no coins: done before anything is written to disk. */
export function judgeBody(block: Block, parent: IndexEntry, params: ConsensusParams): Check {
  const alone = checkBlockAlone(block);
  return alone.ok ? checkBlockInHeaderContext(block, contextOn(parent, params)) : alone;
}

/** Reads coins, in the order asked. Its failures throw. */
export type ReadCoins = (outpoints: readonly OutPoint[]) => Promise<readonly (Coin | undefined)[]>;

/**
 * Judges a block whose body passed judgeBody against the coins at its parent: what it does to them, and the scripts that
 * are left to be checked. One read of coins; `breathe` is awaited between it and the judging.
 */
export async function judgeCoins(
  block: Block,
  parent: IndexEntry,
  params: ConsensusParams,
  read: ReadCoins,
  breathe: () => Promise<void> = async () => {},
): Promise<Check<ConnectedBlock>> {
  const ctx = contextOn(parent, params);
  const needed = neededCoins(block, ctx);
  const view = CoinMap.of(needed, await read(needed));
  await breathe();
  return connectBlock(block, view, ctx);
}

/** What a connected block did to the coins, from its body and its undo record. */
export function diffOfConnected(block: Block, height: number, spent: readonly CoinChange[]): UtxoDiff {
  const before = CoinMap.of(
    spent.map((change) => change.outpoint),
    spent.map((change) => change.coin),
  );
  const overlay = new UtxoOverlay(before);
  for (const tx of block.txs) overlay.applyTx(tx, height);
  return overlay.diff();
}

/** Rules of a header that is not sealed yet: all but the proof (templates, BIP22 proposals). */
export function judgeUnsealedHeader(
  header: BlockHeader,
  parent: IndexEntry,
  params: ConsensusParams,
  judge: Judge<unknown>,
  nowMs: number,
): Check {
  const ctx = contextAfter(parent);
  return checkHeaderInContext(header, ctx, params, judge.nextBits(ctx, parent.state, header.time), nowMs);
}
