import assert from 'node:assert/strict';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { type Part, partFacts, type Step, type WorkloadPlan, workload } from '../chain/workload.ts';
import { type Bench, busy, type Suite } from '../harness.ts';
import { ourselves } from '../importers.ts';
import type { Ran } from '../processes.ts';

/** Numbers of coins at which the rate is measured. */
const SIZES = [100_000, 1_000_000, 2_500_000, 5_000_000];
const QUICK_SIZES = [10_000, 40_000];

/** What one import of a stage of the growing chain took. */
interface Stage {
  readonly coins: number;
  readonly growing: { readonly part: Part; readonly ran: Ran; readonly made: number };
  readonly paying: { readonly part: Part; readonly ran: Ran; readonly seconds: number };
}

/** For each size: coins up to it, an empty block, payments. */
function planOf(quick: boolean): { readonly plan: WorkloadPlan; readonly sizes: readonly number[] } {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const pay: Step = { pay: quick ? [4, 700, 1300] : [20, 1500, 2500] };
  // Payments make a few coins more than they spend; that is left out of account.
  const steps = sizes.flatMap((size, i): Step[] => [{ fund: size - (sizes[i - 1] ?? 0) }, { mine: 1 }, pay]);
  return { plan: { seed: 5, owners: 'p2wpkh', steps }, sizes };
}

/** Imports the whole chain, stage by stage, each file by a process of its own. */
async function grow(bench: Bench, parts: readonly Part[], assumeValid?: string): Promise<Stage[]> {
  const dir = bench.tempDir();
  const importer = ourselves();
  const stages: Stage[] = [];
  for (let i = 0; i < parts.length; i += 3) {
    const [coins, one, payments] = parts.slice(i, i + 3) as [Part, Part, Part];
    const before = parts[i - 1]?.coins ?? 0;
    const growing = await importer.take(dir, [coins], assumeValid);
    const nothing = await importer.take(dir, [one], assumeValid);
    const ran = await importer.take(dir, [payments], assumeValid);
    stages.push({
      coins: coins.coins,
      growing: { part: coins, ran: growing, made: coins.coins - before },
      paying: { part: payments, ran, seconds: ran.seconds - nothing.seconds },
    });
  }
  return stages;
}

async function measure(bench: Bench, name: string, assumeValid?: string): Promise<void> {
  const { plan, sizes } = planOf(bench.quick);
  const parts = workload(plan);
  const grown: Stage[][] = [];
  for (let run = 0; run < bench.runs; run++) grown.push(await grow(bench, parts, assumeValid));
  for (const i of sizes.keys()) {
    const stages = grown.map((one) => one[i] as Stage);
    const { coins, paying, growing } = stages[0] as Stage;
    const facts = { ...partFacts(plan, paying.part), coins, ...busy(stages.map((stage) => stage.paying.ran)) };
    bench.report(
      `${name}connect`,
      'inputs/s',
      stages.map((stage) => paying.part.inputs / stage.paying.seconds),
      facts,
    );
    bench.report(
      `${name}peak-memory`,
      'MB',
      stages.map((stage) => stage.paying.ran.peakMB),
      facts,
    );
    const made = growing.made;
    const growth = { ...partFacts(plan, growing.part), coins, made, ...busy(stages.map((stage) => stage.growing.ran)) };
    bench.report(
      `${name}growing`,
      'coins/s',
      stages.map((stage) => made / stage.growing.ran.seconds),
      growth,
    );
    bench.report(
      `${name}growing.peak-memory`,
      'MB',
      stages.map((stage) => stage.growing.ran.peakMB),
      growth,
    );
  }
  const flatness = grown.map((stages) => {
    const rates = stages.map(({ paying }) => paying.part.inputs / paying.seconds);
    return (rates.at(-1) as number) / (rates[0] as number);
  });
  bench.report(`${name}flatness`, 'of the first rate', flatness, { from: sizes[0] ?? 0, to: sizes.at(-1) ?? 0 });
}

export const suite: Suite = {
  name: 'coins-scale',
  about: 'payments connected on 0.1, 1, 2.5 and 5 million coins, with the memory it takes; half an hour',
  async run(bench) {
    usePlatformCrypto();
    await measure(bench, '');
    if (!(await ourselves().assumesValid())) {
      console.error('bench: without scripts: skipped, as the import has no option --assumevalid');
      return;
    }
    const last = workload(planOf(bench.quick).plan).at(-1);
    assert(last !== undefined);
    await measure(bench, 'assumed-valid.', last.tip);
  },
};
