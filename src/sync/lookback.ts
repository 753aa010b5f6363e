import type { ConsensusParams } from '../params/network.ts';

/** BIP113 looks back eleven headers. */
const MEDIAN_SPAN = 11;

/** How many headers back a judge of these parameters may look: a retarget period, or the median's span. */
export function lookbackOf(params: ConsensusParams): number {
  return params.pow.algo === 'bitcoin' ? Math.max(params.pow.interval, MEDIAN_SPAN) : MEDIAN_SPAN;
}
