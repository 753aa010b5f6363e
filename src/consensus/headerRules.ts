import type { ConsensusParams } from '../params/network.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { broken, type Check, PASSED } from '../primitives/rules.ts';
import { equalBytes } from '../util/bytes.ts';
import type { HeaderContext } from './engine.ts';

/** The header names its parent. The caller found the parent by that name, so only a wrong context breaks this. */
export function checkPrevLink(header: BlockHeader, ctx: HeaderContext): Check {
  if (equalBytes(header.prevHash, ctx.parent.hash)) return PASSED;
  return broken('prev-blk-not-found', `header ${header.id} does not extend ${ctx.parent.id}`);
}

/** Later than the median of the eleven headers before it (Bitcoin Core ContextualCheckBlockHeader; BIP113). */
export function checkTimeAfterMedian(header: BlockHeader, ctx: HeaderContext): Check {
  const median = ctx.medianTimePast();
  if (header.time > median) return PASSED;
  return broken('time-too-old', `time ${header.time} is not after the median time past ${median}`);
}

/** Seconds by which the first block of a retarget period may lie before its parent: BIP94 and BIP54. */
const BIP94_TIMEWARP = 600;
const BIP54_TIMEWARP = 7200;

/** Retarget periods have edges to abuse only with Bitcoin's algorithm; cairn networks close them always (protocol §G.2). */
function guardsPeriods({ rules, pow, bip54 }: ConsensusParams): boolean {
  return pow.algo === 'bitcoin' && (bip54 || rules === 'cairn');
}

/** Earliest time that the rules on period edges allow at ctx.height; 0 where they say nothing. Unix seconds. */
function earliestInPeriod(ctx: HeaderContext, params: ConsensusParams): { warp: number; reversal: number } {
  const { interval, bip94 } = params.pow;
  const guarded = guardsPeriods(params);
  const place = ctx.height % interval;
  const first = place === 0 && (bip94 || guarded);
  const last = place === interval - 1 && guarded;
  return {
    warp: first ? ctx.parent.time - (bip94 ? BIP94_TIMEWARP : BIP54_TIMEWARP) : 0,
    reversal: last ? ctx.ancestor(ctx.height - place).time : 0,
  };
}

/** The first block of a retarget period is at most 600 s (BIP94) or 7200 s (BIP54) earlier than its parent. */
export function checkTimewarp(header: BlockHeader, ctx: HeaderContext, params: ConsensusParams): Check {
  const { warp } = earliestInPeriod(ctx, params);
  if (header.time >= warp) return PASSED;
  return broken('time-timewarp-attack', `time ${header.time} of the first block of a period is before ${warp}`);
}

/** The last block of a retarget period is not earlier than its first (BIP54). */
export function checkPeriodForward(header: BlockHeader, ctx: HeaderContext, params: ConsensusParams): Check {
  const { reversal } = earliestInPeriod(ctx, params);
  if (header.time >= reversal) return PASSED;
  return broken('time-negative-interval', `time ${header.time} ends a period that began at ${reversal}`);
}

/** Earliest time the next header may carry, for those who make one (Bitcoin Core GetMinimumTime). Unix seconds. */
export function earliestTime(ctx: HeaderContext, params: ConsensusParams): number {
  const { warp, reversal } = earliestInPeriod(ctx, params);
  return Math.max(ctx.medianTimePast() + 1, warp, reversal);
}

/** At most `maxFutureSeconds` ahead of the clock (Bitcoin Core MAX_FUTURE_BLOCK_TIME; protocol §G.2). `nowMs`: Unix ms. */
export function checkTimeNotFuture(header: BlockHeader, maxFutureSeconds: number, nowMs: number): Check {
  const latest = nowMs + maxFutureSeconds * 1000;
  if (header.time * 1000 <= latest) return PASSED;
  return broken('time-too-new', `time ${header.time} is after ${Math.floor(latest / 1000)}, the latest allowed now`);
}

/** Smallest block version at `height`: 2 from BIP34, 3 from BIP66, 4 from BIP65. */
export function minimumVersion(height: number, heights: ConsensusParams['heights']): number {
  if (height >= heights.bip65) return 4;
  if (height >= heights.bip66) return 3;
  return height >= heights.bip34 ? 2 : 1;
}

/** Outdated block versions are refused from the heights of BIP34, BIP66 and BIP65 on (signed comparison). */
export function checkVersion(header: BlockHeader, ctx: HeaderContext, heights: ConsensusParams['heights']): Check {
  const least = minimumVersion(ctx.height, heights);
  // Before BIP34 every version stands, also zero and negative ones.
  if (least === 1 || header.version >= least) return PASSED;
  const shown = (header.version >>> 0).toString(16).padStart(8, '0');
  return broken(
    'bad-version',
    `version 0x${shown} is below ${least} at height ${ctx.height}`,
    `bad-version(0x${shown})`,
  );
}

/** The compact target is the one the difficulty rule asks for (Bitcoin Core ContextualCheckBlockHeader). */
export function checkBits(header: BlockHeader, due: number): Check {
  if (header.bits === due) return PASSED;
  return broken('bad-diffbits', `bits 0x${header.bits.toString(16)} where 0x${due.toString(16)} is due`);
}

/**
 * Every rule of a header in its context but its proof, in the order of Bitcoin Core's ContextualCheckBlockHeader: what a
 * header that is still to be sealed must keep as well. `due`: bits the difficulty rule asks for; `nowMs`: Unix ms.
 */
export function checkHeaderInContext(
  header: BlockHeader,
  ctx: HeaderContext,
  params: ConsensusParams,
  due: number,
  nowMs: number,
): Check {
  const checks: readonly (() => Check)[] = [
    () => checkBits(header, due),
    () => checkTimeAfterMedian(header, ctx),
    () => checkTimewarp(header, ctx, params),
    () => checkPeriodForward(header, ctx, params),
    () => checkTimeNotFuture(header, params.maxFutureSeconds, nowMs),
    () => checkVersion(header, ctx, params.heights),
  ];
  for (const check of checks) {
    const verdict = check();
    if (!verdict.ok) return verdict;
  }
  return PASSED;
}
