import type { ConsensusParams } from '../params/network.ts';
import { decodeCompact } from '../primitives/compact.ts';
import type { Random } from '../util/ports.ts';

/** How long to wait before a block where hashes cost nothing, milliseconds. */
export interface Pace {
  /** Mean time to the next block while transactions wait. */
  readonly meanMs: number;
  /** Mean time between blocks while the pool is empty. */
  readonly idleMeanMs: number;
}

export const DEFAULT_PACE: Pace = { meanMs: 5_000, idleMeanMs: 15_000 };

/** 64 hashes or fewer per block. */
const FREE_TARGET = 2n ** 250n;

/** True where difficulty never rises and a block takes no work: without waiting a miner would flood the network (regtest). */
export function hashesAreFree(params: Pick<ConsensusParams, 'pow'>): boolean {
  return params.pow.noRetarget && decodeCompact(params.pow.limitBits).target >= FREE_TARGET;
}

/**
 * A delay drawn from an exponential distribution of this mean. Being memoryless like proof of work itself, it may be drawn
 * anew at any time, and several miners behave as one that is faster: they hardly ever tie. At most 20 means.
 */
export function drawDelay(meanMs: number, random: Random): number {
  return Math.min(-Math.log(1 - random.unit()), 20) * meanMs;
}
