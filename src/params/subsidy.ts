import type { ConsensusParams } from './network.ts';

/**
 * New coins a block at `height` may create, in satoshi: the initial amount halved every `halvingInterval` blocks, zero
 * from the 64th halving (Bitcoin Core GetBlockSubsidy).
 */
export function subsidyAt(height: number, params: Pick<ConsensusParams, 'subsidy'>): bigint {
  const halvings = Math.floor(height / params.subsidy.halvingInterval);
  if (halvings >= 64) return 0n;
  return BigInt(params.subsidy.initial) >> BigInt(halvings);
}
