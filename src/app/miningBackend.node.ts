import { powAuthor } from '../consensus/pow/powAuthor.ts';
import { boundedSearch } from '../miner/boundedSearch.ts';
import { BlockRefusedError, generateBlocks } from '../miner/generate.ts';
import { turns } from '../platform/turns.node.ts';
import type { Backend, MiningBackend } from '../rpc/backend.ts';
import { noDiskSpace } from './disk/noDiskSpace.ts';
import type { FullNode } from './fullNode.node.ts';
import type { RoleParts } from './role.node.ts';

const IDLE: MiningBackend['status'] = () => ({ running: false, hashRate: 0, template: undefined });

/** Throws on; a block for which there was no room as what the caller should hear. */
function toldOfSpace(error: unknown): never {
  if (error instanceof BlockRefusedError && error.verdict.rule === 'no-disk-space') throw noDiskSpace(error.verdict);
  throw error;
}

/** generate… and setmocktime on development networks, and what getmininginfo tells. `status`: of a running producer. */
export function mining(
  parts: RoleParts,
  full: FullNode,
  status: MiningBackend['status'] = IDLE,
): Pick<Backend, 'mining' | 'development'> {
  const { chain, pool, judge } = full;
  const { network, clock } = parts;
  const backend: MiningBackend = {
    status,
    minFeeRate: pool.minRelayFeeRate,
    generate: (count, payout, maxTries) =>
      generateBlocks(
        {
          ...{ chain, pool, judge, clock },
          params: network.consensus,
          random: parts.platform.random,
          author: (budget) => powAuthor(boundedSearch(budget, turns.next)),
        },
        { blocks: count, payout, maxTries },
      ).catch(toldOfSpace),
  };
  if (!network.development) return { mining: backend };
  return { mining: backend, development: { setMockTime: (seconds) => clock.setMockTime(seconds) } };
}
