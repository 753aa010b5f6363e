import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { ChainGenerator, GENERATOR_VERSION } from '../generator.ts';
import { type Load, writeBlocks } from './blockFile.ts';
import type { OwnerKind } from './owners.ts';

/** What one file of a workload holds: see the methods of ChainGenerator. */
export type Step =
  | { readonly mine: number }
  | { readonly bury: number }
  | { readonly fund: number }
  | { readonly pay: readonly [blocks: number, minTxs: number, maxTxs: number] };

/** A chain of regtest in files, each of which goes on where the one before ends; nothing goes on from a file that buries. */
export interface WorkloadPlan {
  readonly seed: number;
  readonly owners: OwnerKind;
  readonly steps: readonly Step[];
}

/** One file of blocks. */
export interface Part extends Load {
  readonly path: string;
  /** Of the chain after it, without blocks that bury. */
  readonly height: number;
  /** Coins on the chain after it that payments can choose from. */
  readonly coins: number;
}

/**
 * Blocks to put on top of an assumed-valid one. Bitcoin Core, and Cairn, run its scripts all the same unless the best header
 * has two weeks' worth of work more: 2,016 blocks of regtest.
 */
export const BURYING: Step = { bury: 2100 };

/** Not in the temporary directory, as it is to outlive the run; ignored by git. */
const CACHE = join(import.meta.dirname, '..', '..', '..', '.cache', 'bench');

export const regtest = (): Network => builtInNetwork('regtest') as Network;

function blocksOf(generator: ChainGenerator, step: Step) {
  if ('mine' in step) return generator.mine(step.mine);
  if ('bury' in step) return generator.bury(step.bury);
  return 'fund' in step ? generator.fund(step.fund) : generator.pay(...step.pay);
}

function generate(plan: WorkloadPlan, dir: string): Omit<Part, 'path'>[] {
  const network = regtest();
  const generator = new ChainGenerator(network, plan.seed, plan.owners);
  return plan.steps.map((step, i) => {
    const load = writeBlocks(join(dir, `${i}.dat`), network.magic, blocksOf(generator, step));
    return { ...load, height: generator.height, coins: generator.coins };
  });
}

/**
 * The files of a workload, one for each step. They are made once and kept in .cache/bench, under a name that says the plan
 * and the generator's version; `npm run bench -- --clear-cache` removes them all.
 */
export function workload(plan: WorkloadPlan): Part[] {
  const name = createHash('sha256')
    .update(JSON.stringify([GENERATOR_VERSION, plan]))
    .digest('hex')
    .slice(0, 16);
  const dir = join(CACHE, name);
  const index = join(dir, 'parts.json');
  if (!existsSync(index)) {
    const started = performance.now();
    console.error(`bench: making blocks for ${JSON.stringify(plan)}`);
    const draft = `${dir}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    try {
      writeFileSync(join(draft, 'parts.json'), JSON.stringify(generate(plan, draft)));
      rmSync(dir, { recursive: true, force: true });
      renameSync(draft, dir);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    console.error(`bench: made in ${((performance.now() - started) / 1000).toFixed(1)} s, kept in ${dir}`);
  }
  const parts = JSON.parse(readFileSync(index, 'utf8')) as Omit<Part, 'path'>[];
  return parts.map((part, i) => ({ ...part, path: join(dir, `${i}.dat`) }));
}

export function clearCache(): void {
  rmSync(CACHE, { recursive: true, force: true });
}

/** What lines say about the blocks that were measured. */
export function partFacts({ seed, owners }: WorkloadPlan, { blocks, txs, inputs, bytes, tip }: Part) {
  return { outputs: owners, blocks, txs, inputs, bytes, seed, tip };
}

/**
 * The reference: coins, one empty block, then 50 blocks of 1,500 to 2,500 payments, each of which spends one or two P2WPKH coins and makes
 * two. About 100,000 transactions and 150,000 signed inputs.
 */
export function referencePlan(quick: boolean): WorkloadPlan {
  const steps: Step[] = quick
    ? [{ fund: 10_000 }, { mine: 1 }, { pay: [10, 700, 1300] }]
    : [{ fund: 40_000 }, { mine: 1 }, { pay: [50, 1500, 2500] }];
  return { seed: 1, owners: 'p2wpkh', steps };
}
