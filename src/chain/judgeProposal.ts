import type { Block } from '../primitives/block.ts';
import { broken, type Check } from '../primitives/rules.ts';
import { equalBytes } from '../util/bytes.ts';
import { walkSteps } from '../util/steps.ts';
import type { ChainManagerParts } from './chainManagerParts.ts';
import type { IndexEntry } from './headerIndex.ts';
import { judgeCoins, judgeUnsealedHeader, judgingBody } from './judgeBlock.ts';

/** Judges a block on top of `tip`, the tip, without its proof of work and without keeping anything (BIP22 proposals). */
export async function judgeProposal(
  block: Block,
  tip: IndexEntry,
  parts: Pick<ChainManagerParts, 'network' | 'judge' | 'clock' | 'store' | 'scripts' | 'pause'>,
): Promise<Check> {
  const { network, judge, clock, store, scripts, pause } = parts;
  if (!equalBytes(block.header.prevHash, tip.header.hash))
    return broken('prev-blk-not-found', `block does not extend the tip ${tip.header.id}`);
  const header = judgeUnsealedHeader(block.header, tip, network.consensus, judge, clock.nowMs());
  if (!header.ok) return header;
  const body = await walkSteps(judgingBody(block, tip, network.consensus), pause);
  if (!body.ok) return body;
  const coins = await judgeCoins(block, tip, network.consensus, (outpoints) => store.coins(outpoints), pause);
  return coins.ok ? scripts.check(coins.value.scriptJobs) : coins;
}
