import type { ConsensusParams } from '../../params/network.ts';
import { decodeCompact, encodeCompact } from '../../primitives/compact.ts';
import { decodeAll, Writer } from '../../util/codec.ts';
import type { HeaderContext } from '../engine.ts';
import type { DifficultyRule } from './difficulty.ts';

type Pow = ConsensusParams['pow'];

/** Fixed-point one: exponents and factors have 16 fractional bits. */
const RADIX = 65536n;

/** x · 2^(exponent / 65536) by aserti3-2d's cubic approximation of 2^f, without any limit. Exponent in 1/65536. */
function scaled(target: bigint, exponent: bigint): bigint {
  const shifts = exponent >> 16n;
  const frac = exponent & 0xffffn;
  const factor =
    RADIX + ((195766423245049n * frac + 971821376n * frac ** 2n + 5127n * frac ** 3n + (1n << 47n)) >> 48n);
  const shift = shifts - 16n;
  const product = target * factor;
  return shift < 0n ? product >> -shift : product << shift;
}

/** Exponent that leads beyond every 256-bit limit or down to target 1, so that absurd times cost no huge shift. */
const EXPONENT_BOUND = 600n * RADIX;

/**
 * Target by aserti3-2d. `timeDelta`: seconds since the anchor's parent; `heightDelta`: blocks since the anchor.
 * `limit`: easiest target. All exact; divisions truncate toward zero as in the published C++.
 */
export function asertTarget(a: {
  readonly anchorTarget: bigint;
  readonly spacing: bigint;
  readonly halfLife: bigint;
  readonly timeDelta: bigint;
  readonly heightDelta: bigint;
  readonly limit: bigint;
}): bigint {
  const exponent = ((a.timeDelta - a.spacing * (a.heightDelta + 1n)) * RADIX) / a.halfLife;
  if (exponent > EXPONENT_BOUND) return a.limit;
  if (exponent < -EXPONENT_BOUND) return 1n;
  const target = scaled(a.anchorTarget, exponent);
  if (target === 0n) return 1n;
  if (target > a.limit) return a.limit;
  return target;
}

/**
 * Seconds by which the clock may run ahead of the ideal schedule before the target would pass the limit: the saturation
 * of protocol §G.1. Found once per network by bisection, since the target grows with the exponent.
 */
export function saturationLead(anchorTarget: bigint, halfLife: bigint, limit: bigint): bigint {
  let low = 0n;
  let high = EXPONENT_BOUND;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (scaled(anchorTarget, middle) <= limit) low = middle;
    else high = middle - 1n;
  }
  // Largest x with trunc(x · 65536 / halfLife) <= low.
  return ((low + 1n) * halfLife - 1n) / RADIX;
}

const clampTo = (n: bigint, bound: bigint): bigint => (n > bound ? bound : n < -bound ? -bound : n);

/**
 * ASERT anchored at block 1, driven by a clock that moves at most `clamp` seconds per block and never runs past the
 * point where the target is the limit (protocol §G.1). The state is that clock after each block, vt, in Unix seconds.
 */
export function asertDifficulty(pow: Pow): DifficultyRule<bigint> {
  const spacing = BigInt(pow.spacing);
  const halfLife = BigInt(pow.halfLife);
  const clamp = BigInt(pow.clamp);
  const anchorTarget = decodeCompact(pow.startBits).target;
  const limit = decodeCompact(pow.limitBits).target;
  const lead = saturationLead(anchorTarget, halfLife, limit);
  const anchorTime = (ctx: HeaderContext): bigint => BigInt((ctx.height === 2 ? ctx.parent : ctx.ancestor(1)).time);
  return {
    // Block 1 sets the clock, so the value at genesis is never read.
    genesis: () => 0n,
    bits: (ctx, vt) => {
      if (ctx.height === 1) return pow.startBits;
      const timeDelta = vt - (anchorTime(ctx) - spacing);
      const heightDelta = BigInt(ctx.height - 2);
      return encodeCompact(asertTarget({ anchorTarget, spacing, halfLife, timeDelta, heightDelta, limit }));
    },
    after: (header, ctx, vt) => {
      const time = BigInt(header.time);
      if (ctx.height === 1) return time;
      const moved = vt + clampTo(time - BigInt(ctx.parent.time), clamp);
      const cap = anchorTime(ctx) + spacing * BigInt(ctx.height - 1) + lead;
      return moved < cap ? moved : cap;
    },
    encode: (vt) => new Writer(8).i64(vt).finish(),
    decode: (bytes) => decodeAll(bytes, (r) => r.i64('difficulty clock'), 'difficulty state'),
  };
}
