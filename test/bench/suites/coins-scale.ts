import { cpSync, rmSync } from 'node:fs';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { BURYING, type Part, partFacts, type Step, type WorkloadPlan, workload } from '../chain/workload.ts';
import { type Bench, busy, type Suite } from '../harness.ts';
import { type Importer, ourselves } from '../importers.ts';
import { type Import, imported } from '../importing.ts';
import type { Ran } from '../processes.ts';

/** Numbers of coins at which the rate is measured. */
const SIZES = [100_000, 1_000_000, 2_500_000, 5_000_000];
const QUICK_SIZES = [10_000, 40_000];

/** The files of one size: coins up to it, an empty block, payments; and blocks that bury the last two. */
interface Stage {
  readonly coins: Part;
  readonly one: Part;
  readonly buriesOne: Part;
  readonly payments: Part;
  readonly buriesPayments: Part;
  /** How many coins `coins` makes. */
  readonly made: number;
}

/** What one size took in one run. */
interface Measured {
  readonly growing: Ran;
  readonly verified: Import;
  readonly assumed: Import | undefined;
}

function planOf(quick: boolean): WorkloadPlan {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const pay: Step = { pay: quick ? [4, 700, 1300] : [40, 1500, 2500] };
  const steps = sizes.flatMap((size, i): Step[] => {
    return [{ fund: size - (sizes[i - 1] ?? 0) }, { mine: 1 }, BURYING, pay, BURYING];
  });
  return { seed: 5, owners: 'p2wpkh', steps };
}

function stagesOf(plan: WorkloadPlan): Stage[] {
  const parts = workload(plan);
  const stages: Stage[] = [];
  for (let i = 0; i < parts.length; i += 5) {
    const [coins, one, buriesOne, payments, buriesPayments] = parts.slice(i, i + 5) as [Part, Part, Part, Part, Part];
    const made = coins.coins - (parts[i - 1]?.coins ?? 0);
    stages.push({ coins, one, buriesOne, payments, buriesPayments, made });
  }
  return stages;
}

/** Imports files into a copy of `dir`, no scripts run below the payments. */
async function onCopy(bench: Bench, importer: Importer, dir: string, parts: Part[], assumeValid: string): Promise<Ran> {
  const copy = bench.tempDir();
  cpSync(dir, copy, { recursive: true });
  const ran = await importer.take(copy, parts, { assumeValid });
  rmSync(copy, { recursive: true, force: true });
  return ran;
}

/** Grows a new chain from size to size, each file by a process of its own. */
async function grow(bench: Bench, stages: readonly Stage[], assumes: boolean): Promise<Measured[]> {
  const dir = bench.tempDir();
  const importer = ourselves();
  const all: Measured[] = [];
  for (const { coins, one, buriesOne, payments, buriesPayments } of stages) {
    console.error(`bench: ${coins.coins} coins`);
    const growing = await importer.take(dir, [coins]);
    let assumed: Import | undefined;
    if (assumes) {
      const { tip } = payments;
      const nothing = await onCopy(bench, importer, dir, [one, buriesOne], tip);
      assumed = imported(await onCopy(bench, importer, dir, [one, payments, buriesPayments], tip), nothing);
    }
    const nothing = await importer.take(dir, [one]);
    all.push({ growing, verified: imported(await importer.take(dir, [payments]), nothing), assumed });
  }
  rmSync(dir, { recursive: true, force: true });
  return all;
}

/** The lines of one way to connect; `runs[r][s]` is size s in run r. */
function report(bench: Bench, name: string, plan: WorkloadPlan, stages: readonly Stage[], runs: readonly Import[][]) {
  const rates = runs.map((sizes) => sizes.map(({ seconds }, s) => (stages[s] as Stage).payments.inputs / seconds));
  for (const [s, { coins, payments }] of stages.entries()) {
    const imports = runs.map((sizes) => sizes[s] as Import);
    const facts = { coins: coins.coins, ...partFacts(plan, payments), ...busy(imports) };
    const column = rates.map((sizes) => sizes[s] as number);
    bench.report(`${name}connect`, 'inputs/s', column, facts);
    const cpu = imports.map(({ cpuSeconds }) => (cpuSeconds * 1e6) / payments.inputs);
    bench.report(`${name}cpu`, 'µs/input', cpu, facts);
    const memory = imports.map(({ ran }) => ran.peakMB);
    bench.report(`${name}peak-memory`, 'MB', memory, facts);
  }
  const flatness = rates.map((sizes) => (sizes.at(-1) as number) / (sizes[0] as number));
  const ends = { from: stages[0]?.coins.coins ?? 0, to: stages.at(-1)?.coins.coins ?? 0 };
  bench.report(`${name}flatness`, 'of the first rate', flatness, ends);
}

function reportGrowth(bench: Bench, plan: WorkloadPlan, stages: readonly Stage[], runs: readonly Ran[][]): void {
  for (const [s, { coins, made }] of stages.entries()) {
    const processes = runs.map((sizes) => sizes[s] as Ran);
    const facts = { coins: coins.coins, made, ...partFacts(plan, coins), ...busy(processes) };
    const rates = processes.map(({ seconds }) => made / seconds);
    bench.report('growing', 'coins/s', rates, facts);
    const memory = processes.map(({ peakMB }) => peakMB);
    bench.report('growing.peak-memory', 'MB', memory, facts);
  }
}

export const suite: Suite = {
  name: 'coins-scale',
  about: 'payments connected on 0.1, 1, 2.5 and 5 million coins, and the memory it takes; the longest of all suites',
  async run(bench) {
    usePlatformCrypto();
    const plan = planOf(bench.quick);
    const stages = stagesOf(plan);
    const assumes = await ourselves().knows('assumeValid');
    if (!assumes) console.error('bench: without scripts: skipped, as the import has no option --assumevalid');
    const runs: Measured[][] = [];
    for (let run = 0; run < bench.runs; run++) runs.push(await grow(bench, stages, assumes));
    const pick = <T>(of: (one: Measured) => T): T[][] => runs.map((sizes) => sizes.map(of));
    reportGrowth(
      bench,
      plan,
      stages,
      pick((one) => one.growing),
    );
    report(
      bench,
      '',
      plan,
      stages,
      pick((one) => one.verified),
    );
    if (!assumes) return;
    report(
      bench,
      'assumed-valid.',
      plan,
      stages,
      pick((one) => one.assumed as Import),
    );
  },
};
