import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { BURYING, type Part, referencePlan, type Step, type WorkloadPlan, workload } from '../chain/workload.ts';
import type { Suite } from '../harness.ts';
import { reportImports, subjectsOf, takeTurns } from '../importing.ts';

export const suite: Suite = {
  name: 'connect-assumed-valid',
  about: 'the same without scripts, below a block that is assumed valid; skipped by nodes that have no --assumevalid',
  compares: true,
  async run(bench) {
    usePlatformCrypto();
    const subjects = await subjectsOf(bench, 'assumeValid');
    if (subjects.length === 0) return;
    const reference = referencePlan(bench.quick);
    const [fund, mine, pay] = reference.steps as [Step, Step, Step];
    const plan: WorkloadPlan = { ...reference, steps: [fund, mine, BURYING, pay, BURYING] };
    const [funding, one, buriesOne, payments, buriesPayments] = workload(plan) as [Part, Part, Part, Part, Part];
    const course = {
      before: [funding],
      nothing: [one, buriesOne],
      measured: [one, payments, buriesPayments],
      options: { assumeValid: payments.tip },
    };
    await takeTurns(bench, subjects, course, async () => {});
    reportImports(bench, '', subjects, plan, payments);
  },
};
