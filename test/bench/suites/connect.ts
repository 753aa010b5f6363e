import os from 'node:os';
import { secp } from '../../../src/crypto/secp.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { type Part, referencePlan, type WorkloadPlan, workload } from '../chain/workload.ts';
import { type Bench, perSecond, type Suite } from '../harness.ts';
import type { ImportOptions } from '../importers.ts';
import { reportImports, signatureWall, subjectsOf, takeTurns, type Wall } from '../importing.ts';

function mixPlan(quick: boolean): WorkloadPlan {
  return {
    seed: 2,
    owners: 'mix',
    steps: [{ fund: quick ? 10_000 : 20_000 }, { mine: 1 }, { pay: quick ? [4, 700, 1300] : [15, 1500, 2500] }],
  };
}

/** Measures one workload; `name` goes before the names of its lines. `wallMs`: for each of the two rates of signatures. */
async function measure(bench: Bench, name: string, plan: WorkloadPlan, wallMs = 0, options: ImportOptions = {}) {
  const [funding, one, payments] = workload(plan) as [Part, Part, Part];
  const course = { before: [funding], nothing: [one], measured: [one, payments], options };
  const walls: Wall[] = [];
  const subjects = await subjectsOf(bench, options.threads === undefined ? undefined : 'threads');
  await takeTurns(bench, subjects, course, async () => {
    if (wallMs > 0) walls.push(await signatureWall(wallMs));
  });
  reportImports(bench, name, subjects, plan, payments);
  return { walls, inputs: perSecond(payments.inputs, subjects[0]?.imports ?? []) };
}

export const suite: Suite = {
  name: 'connect',
  about: 'cairn blocks import: payments from a file to a flushed database, every script verified',
  compares: true,
  async run(bench) {
    usePlatformCrypto();
    const { walls, inputs } = await measure(bench, '', referencePlan(bench.quick), bench.quick ? 500 : 2000);
    const cores = os.availableParallelism();
    const facts = { provider: secp().name, cores };
    const one = walls.map(({ oneCore }) => oneCore);
    const all = walls.map(({ allCores }) => allCores);
    bench.report('verifies.one-core', 'verifies/s', one, { ...facts, threads: 1 });
    bench.report('verifies.all-cores', 'verifies/s', all, {
      ...facts,
      threads: cores,
      busy: Math.min(...walls.map(({ busy }) => busy)),
    });
    const shares = (wall: readonly number[], times: number) => {
      return inputs.map((rate, i) => rate / (times * (wall[i] as number)));
    };
    bench.report('ratio.one-core', 'of cores × verifies/s', shares(one, cores), facts);
    bench.report('ratio.all-cores', 'of verifies/s', shares(all, 1), facts);
    await measure(bench, 'one-thread.', referencePlan(bench.quick), 0, { threads: 1 });
    await measure(bench, 'mix.', mixPlan(bench.quick));
  },
};
