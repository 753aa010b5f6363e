import type { Judge } from '../consensus/engine.ts';
import { checkHeaderInContext } from '../consensus/headerRules.ts';
import { checkBlockAlone } from '../ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../ledger/block/connectBlock.ts';
import { neededCoins } from '../ledger/block/neededCoins.ts';
import type { UtxoDiff } from '../ledger/coin.ts';
import type { ConnectContext } from '../ledger/context.ts';
import { CoinMap, UtxoOverlay } from '../ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { type Check, passed } from '../primitives/rules.ts';
import { assert } from '../util/assert.ts';
import { contextAfter, type IndexEntry } from './headerIndex.ts';
import type { ChainStore, CoinChange, ScriptChecker } from './ports.ts';

/** What a block on top of `parent` may know of its branch. */
export function connectContext(parent: IndexEntry, params: ConsensusParams): ConnectContext {
  const at = (height: number): IndexEntry => {
    const entry = parent.ancestor(height);
    assert(entry !== undefined, `height ${height} is not below ${parent.height + 1}`);
    return entry;
  };
  return {
    height: parent.height + 1,
    medianTimePast: parent.medianTime,
    params,
    medianTimeAt: (height) => at(height).medianTime,
    idAt: (height) => at(height).header.id,
  };
}

/** Every rule of a body that needs no coins: done before anything is written to disk. */
export function judgeBody(block: Block, parent: IndexEntry, params: ConsensusParams): Check {
  const alone = checkBlockAlone(block);
  return alone.ok ? checkBlockInHeaderContext(block, connectContext(parent, params)) : alone;
}

/**
 * Judges a block whose body passed judgeBody against the coins at its parent, scripts included, and returns what it does
 * to them. One read of the store; its failures throw. `scriptsPassed`: they did before, and depend on nothing but the block
 * and its ancestors, so they are not run again.
 */
export async function judgeConnect(
  block: Block,
  parent: IndexEntry,
  params: ConsensusParams,
  ports: { readonly store: Pick<ChainStore, 'coins'>; readonly scripts: ScriptChecker },
  scriptsPassed = false,
): Promise<Check<UtxoDiff>> {
  const ctx = connectContext(parent, params);
  const needed = neededCoins(block, ctx);
  const view = CoinMap.of(needed, await ports.store.coins(needed));
  const verdict = connectBlock(block, view, ctx);
  if (!verdict.ok) return verdict;
  if (scriptsPassed) return passed(verdict.value.diff);
  const scripts = await ports.scripts.check(verdict.value.scriptJobs);
  return scripts.ok ? passed(verdict.value.diff) : scripts;
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
