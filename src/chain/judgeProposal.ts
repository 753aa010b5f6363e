import type { Block } from '../primitives/block.ts';
import { broken, type Check } from '../primitives/rules.ts';
import { equalBytes } from '../util/bytes.ts';
import type { ChainManagerParts } from './chainManagerParts.ts';
import type { IndexEntry } from './headerIndex.ts';
import { judgeBody, judgeCoins, judgeUnsealedHeader } from './judgeBlock.ts';

/** Judges a block on top of `tip`, the tip, without its proof of work and without keeping anything (BIP22 proposals). */
export async function judgeProposal(
  block: Block,
  tip: IndexEntry,
  parts: Pick<ChainManagerParts, 'network' | 'judge' | 'clock' | 'store' | 'scripts'>,
): Promise<Check> {
  const { network, judge, clock, store, scripts } = parts;
  if (!equalBytes(block.header.prevHash, tip.header.hash))
    return broken('prev-blk-not-found', `block does not extend the tip ${tip.header.id}`);
  const header = judgeUnsealedHeader(block.header, tip, network.consensus, judge, clock.nowMs());
  if (!header.ok) return header;
  const body = judgeBody(block, tip, network.consensus);
  if (!body.ok) return body;
  const coins = await judgeCoins(block, tip, network.consensus, (outpoints) => store.coins(outpoints));
  return coins.ok ? scripts.check(coins.value.scriptJobs) : coins;
}
