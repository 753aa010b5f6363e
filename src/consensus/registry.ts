import type { ConsensusParams, Network } from '../params/network.ts';
import { unreachable } from '../util/assert.ts';
import type { Judge } from './engine.ts';
import { asertDifficulty } from './pow/asert.ts';
import { bitcoinDifficulty } from './pow/bitcoinDifficulty.ts';
import { powJudge } from './pow/powJudge.ts';

/** The judge for these parameters. Its state type is its own business: others carry and store it. */
export function judgeOf(params: ConsensusParams): Judge<unknown> {
  const { algo } = params.pow;
  switch (algo) {
    case 'bitcoin':
      return powJudge(params, bitcoinDifficulty(params.pow)) as Judge<unknown>;
    case 'asert':
      return powJudge(params, asertDifficulty(params.pow)) as Judge<unknown>;
    default:
      return unreachable(algo, 'difficulty algorithm');
  }
}

/** The judge of a network's headers. */
export function judgeFor(network: Pick<Network, 'consensus'>): Judge<unknown> {
  return judgeOf(network.consensus);
}
