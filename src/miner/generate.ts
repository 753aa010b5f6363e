import type { Chain } from '../chain/chain.ts';
import type { Author, StopSignal } from '../consensus/engine.ts';
import { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { Broken } from '../primitives/rules.ts';
import type { Random } from '../util/ports.ts';
import type { TryBudget } from './boundedSearch.ts';
import { StopSource } from './stopSource.ts';
import { buildTemplate, type TemplatePorts } from './template.ts';

/** The chain refused a block made here: a bug of ours, or there is no room for it now ('no-disk-space'). */
export class BlockRefusedError extends Error {
  override readonly name = 'BlockRefusedError';
  readonly verdict: Broken;

  constructor(verdict: Broken) {
    super(`a generated block was refused: ${verdict.rule}: ${verdict.detail}`);
    this.verdict = verdict;
  }
}

/** Hashes for all blocks of one call together (Bitcoin Core DEFAULT_MAX_TRIES). */
export const DEFAULT_MAX_TRIES = 1_000_000;

export interface GeneratePorts extends TemplatePorts {
  readonly chain: Pick<Chain, 'tip' | 'ancestor' | 'acceptBlock'>;
  readonly random: Random;
  /** An author that takes its tries from the budget (for proof of work: powAuthor(boundedSearch(budget, pause))). */
  author(budget: TryBudget): Author<unknown>;
}

export interface GenerateRequest {
  readonly blocks: number;
  readonly payout: Uint8Array;
  readonly maxTries?: number;
  readonly stop?: StopSignal;
}

/**
 * Makes blocks one on another, at once (RPC generatetoaddress). Returns the hashes of those
 * that became the tip, fewer than asked for when the tries are used up or it is stopped. Throws BlockRefusedError.
 */
export async function generateBlocks(ports: GeneratePorts, request: GenerateRequest): Promise<Hash256[]> {
  const budget: TryBudget = { left: request.maxTries ?? DEFAULT_MAX_TRIES };
  const author = ports.author(budget);
  const stop = request.stop ?? new StopSource();
  let extraNonce = new DataView(ports.random.bytes(8).buffer).getBigUint64(0);
  const hashes: Hash256[] = [];
  while (hashes.length < request.blocks && budget.left > 0 && !stop.aborted) {
    extraNonce = BigInt.asUintN(64, extraNonce + 1n);
    const { block, header, state } = buildTemplate(ports, { payout: request.payout, extraNonce });
    const before = budget.left;
    const sealed = await author.seal(header, state, stop);
    // Without a seal the nonces of one template ran out, and another may do; an author that does not even try never will.
    if (sealed === undefined && budget.left === before) break;
    if (sealed === undefined) continue;
    const verdict = await ports.chain.acceptBlock(new Block(sealed.header, block.txs, sealed.seal));
    if (!verdict.ok) throw new BlockRefusedError(verdict);
    // Someone else's block came first: ours stays beside the chain, and the next one is made on the new tip.
    if (verdict.value.result === 'connected') hashes.push(sealed.header.hash);
  }
  return hashes;
}
