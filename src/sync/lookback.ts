import type { ConsensusParams } from '../params/network.ts';
import { MEDIAN_TIME_SPAN } from '../primitives/medianTime.ts';

/** How many headers back a judge of these parameters may look: a retarget period, or the median's span. */
export function lookbackOf(params: ConsensusParams): number {
  return params.pow.algo === 'bitcoin' ? Math.max(params.pow.interval, MEDIAN_TIME_SPAN) : MEDIAN_TIME_SPAN;
}
