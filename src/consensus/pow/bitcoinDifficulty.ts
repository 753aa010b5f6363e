import type { ConsensusParams } from '../../params/network.ts';
import { decodeCompact, encodeCompact } from '../../primitives/compact.ts';
import { EMPTY } from '../../util/bytes.ts';
import { DecodeError } from '../../util/codec.ts';
import type { HeaderContext } from '../engine.ts';
import type { DifficultyRule } from './difficulty.ts';

type Pow = ConsensusParams['pow'];

/**
 * Bits after a retarget period (Bitcoin Core CalculateNextWorkRequired): the old target times the period's real length
 * over its ideal length, the length taken within a factor of four. Times in Unix seconds.
 */
export function retarget(pow: Pow, baseBits: number, firstTime: number, lastTime: number): number {
  const ideal = pow.interval * pow.spacing;
  const actual = Math.min(Math.max(lastTime - firstTime, Math.floor(ideal / 4)), ideal * 4);
  const target = (decodeCompact(baseBits).target * BigInt(actual)) / BigInt(ideal);
  const limit = decodeCompact(pow.limitBits).target;
  return encodeCompact(target > limit ? limit : target);
}

/**
 * Test networks: a block more than two spacings after its parent may use the limit; any other takes the bits of the last
 * block that did not, looking back no further than the start of the period (Core GetNextWorkRequired).
 */
function minDifficultyBits(pow: Pow, ctx: HeaderContext, time: number): number {
  if (time > ctx.parent.time + 2 * pow.spacing) return pow.limitBits;
  let height = ctx.height - 1;
  let header = ctx.parent;
  while (height > 0 && height % pow.interval !== 0 && header.bits === pow.limitBits) {
    height--;
    header = ctx.ancestor(height);
  }
  return header.bits;
}

/** Bits the header at ctx.height must carry (Core GetNextWorkRequired). */
export function bitcoinBits(pow: Pow, ctx: HeaderContext, time: number): number {
  if (ctx.height % pow.interval !== 0) {
    return pow.allowMinDifficulty ? minDifficultyBits(pow, ctx, time) : ctx.parent.bits;
  }
  if (pow.noRetarget) return ctx.parent.bits;
  // One block short of a whole period is measured: Bitcoin's off-by-one, kept for good.
  const first = ctx.ancestor(ctx.height - pow.interval);
  return retarget(pow, pow.bip94 ? first.bits : ctx.parent.bits, first.time, ctx.parent.time);
}

/** Bitcoin's difficulty needs no state beyond the headers. */
export function bitcoinDifficulty(pow: Pow): DifficultyRule<null> {
  return {
    genesis: () => null,
    bits: (ctx, _s, time) => bitcoinBits(pow, ctx, time),
    after: () => null,
    encode: () => EMPTY,
    decode: (bytes) => {
      if (bytes.length !== 0) throw new DecodeError(`difficulty state: ${bytes.length} bytes where none belong`);
      return null;
    },
  };
}
