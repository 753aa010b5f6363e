import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { type Part, referencePlan, type WorkloadPlan, workload } from '../chain/workload.ts';
import type { Suite } from '../harness.ts';
import { reportImports, subjectsOf, takeTurns } from '../importing.ts';

/**
 * Blocks on top of the assumed-valid one. Bitcoin Core runs the scripts of a block all the same unless the best header has
 * two weeks' worth of work more, 2,016 blocks of regtest; the payments' own blocks count, too, but for the last of them.
 */
const BURYING = 2100;

export const suite: Suite = {
  name: 'connect-assumed-valid',
  about: 'the same without scripts, below a block that is assumed valid; skipped by nodes that have no --assumevalid',
  compares: true,
  async run(bench) {
    usePlatformCrypto();
    const subjects = [];
    for (const subject of subjectsOf(bench)) {
      if (await subject.importer.assumesValid()) subjects.push(subject);
      else console.error(`bench: ${subject.importer.title} is skipped: its import has no option --assumevalid`);
    }
    if (subjects.length === 0) return;
    const reference = referencePlan(bench.quick);
    const plan: WorkloadPlan = { ...reference, steps: [...reference.steps, { mine: BURYING }] };
    const [funding, one, payments, burying] = workload(plan) as [Part, Part, Part, Part];
    // The same burying blocks without payments, for what they and the start of the process take.
    const bare = { ...reference, steps: [...reference.steps.slice(0, 2), { mine: BURYING }] };
    const [, , empty] = workload(bare) as [Part, Part, Part];
    const course = {
      before: [funding],
      nothing: [one, empty],
      measured: [one, payments, burying],
      assumeValid: payments.tip,
    };
    await takeTurns(bench, subjects, course, async () => {});
    reportImports(bench, '', subjects, plan, payments);
  },
};
