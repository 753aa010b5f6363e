import type { Judge } from '../consensus/engine.ts';
import { checkHeaderInContext } from '../consensus/headerRules.ts';
import { checkingBlockAlone } from '../ledger/block/checkBlockAlone.ts';
import { checkingBlockInHeaderContext } from '../ledger/block/checkBlockInHeaderContext.ts';
import { type ConnectedBlock, connectingBlock } from '../ledger/block/connectBlock.ts';
import { namingNeededCoins } from '../ledger/block/neededCoins.ts';
import type { Coin, UtxoDiff } from '../ledger/coin.ts';
import type { ConnectContext } from '../ledger/context.ts';
import { CoinMap, UtxoOverlay } from '../ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
import { TXS_PER_STEP, type Tx } from '../primitives/tx.ts';
import { inSlices, type Pause, runSteps, type Steps, walkSteps } from '../util/steps.ts';
import { connectContext } from './connectContext.ts';
import { contextAfter, type IndexEntry } from './headerIndex.ts';
import type { CoinChange } from './ports.ts';

/** What a block on top of `parent` may know of its branch. */
function contextOn(parent: IndexEntry, params: ConsensusParams): ConnectContext {
  return connectContext(parent, params, (height) => parent.ancestor(height));
}

/** Every rule of a body that needs no coins: done before anything is written to disk. */
export function judgeBody(block: Block, parent: IndexEntry, params: ConsensusParams): Check {
  return runSteps(judgingBody(block, parent, params));
}

/** judgeBody in steps. */
export function* judgingBody(block: Block, parent: IndexEntry, params: ConsensusParams): Steps<Check> {
  const alone = yield* checkingBlockAlone(block);
  return alone.ok ? yield* checkingBlockInHeaderContext(block, contextOn(parent, params)) : alone;
}

/** Reads coins, in the order asked. Its failures throw. */
export type ReadCoins = (outpoints: readonly OutPoint[]) => Promise<readonly (Coin | undefined)[]>;

/**
 * Judges a block whose body passed judgeBody against the coins at its parent: what it does to them, and the scripts that
 * are left to be checked. One read of coins; what comes before and after it is done in steps.
 */
export async function judgeCoins(
  block: Block,
  parent: IndexEntry,
  params: ConsensusParams,
  read: ReadCoins,
  pause?: Pause,
): Promise<Check<ConnectedBlock>> {
  const ctx = contextOn(parent, params);
  const needed = await walkSteps(namingNeededCoins(block, ctx), pause);
  const view = CoinMap.of(needed, await read(needed));
  return walkSteps(connectingBlock(block, view, ctx), pause);
}

/** What a connected block did to the coins, from its body and its undo record. */
export function diffOfConnected(block: Block, height: number, spent: readonly CoinChange[]): UtxoDiff {
  return runSteps(findingDiffOfConnected(block, height, spent));
}

/** diffOfConnected in steps. */
export function* findingDiffOfConnected(block: Block, height: number, spent: readonly CoinChange[]): Steps<UtxoDiff> {
  const before = CoinMap.of(
    spent.map((change) => change.outpoint),
    spent.map((change) => change.coin),
  );
  const overlay = new UtxoOverlay(before);
  yield* inSlices(block.txs.length, TXS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) overlay.applyTx(block.txs[i] as Tx, height);
  });
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
