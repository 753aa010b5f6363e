import os from 'node:os';
import { secp } from '../../../src/crypto/secp.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { type Part, referencePlan, type WorkloadPlan, workload } from '../chain/workload.ts';
import { type Bench, perSecond, type Suite } from '../harness.ts';
import { reportImports, signatureWall, subjectsOf, takeTurns, type Wall } from '../importing.ts';

function mixPlan(quick: boolean): WorkloadPlan {
  return {
    seed: 2,
    owners: 'mix',
    steps: [{ fund: quick ? 10_000 : 20_000 }, { mine: 1 }, { pay: quick ? [4, 700, 1300] : [15, 1500, 2500] }],
  };
}

/** Measures one workload; `name` goes before the names of its lines. */
async function measure(bench: Bench, name: string, plan: WorkloadPlan, wallMs: number) {
  const [funding, one, payments] = workload(plan) as [Part, Part, Part];
  const course = { before: [funding], nothing: [one], measured: [one, payments] };
  const walls: Wall[] = [];
  const subjects = subjectsOf(bench);
  await takeTurns(bench, subjects, course, async () => {
    walls.push(await signatureWall(wallMs));
  });
  reportImports(bench, name, subjects, plan, payments);
  const spans = (subjects[0]?.imports ?? []).map(({ seconds }) => ({ seconds, cpuSeconds: 0 }));
  return { walls, inputs: perSecond(payments.inputs, spans) };
}

export const suite: Suite = {
  name: 'connect',
  about: 'cairn blocks import: payments from a file to a flushed database, every script verified',
  compares: true,
  async run(bench) {
    usePlatformCrypto();
    const ms = bench.quick ? 500 : 2000;
    const { walls, inputs } = await measure(bench, '', referencePlan(bench.quick), ms);
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
    await measure(bench, 'mix.', mixPlan(bench.quick), ms);
  },
};
