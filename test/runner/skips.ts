import { existsSync, readFileSync } from 'node:fs';
import { namespacesPermitted } from '../support/namespaces.ts';
import { VECTORS } from '../support/vectors.ts';
import type { Failure, SuiteResult } from './suite.ts';

/** What a test may lack, how its file shows that it needs it, and whether it is there. */
const CAPABILITIES = [
  { name: 'test vectors', sign: /support\/vectors\.ts|CAIRN_VECTORS/, present: () => existsSync(VECTORS) },
  { name: 'network namespaces', sign: /support\/(namespaces|netLab)\.ts|ip netns/, present: namespacesPermitted },
] as const;

/** The skips of a suite that no missing capability explains: on a machine that has everything, a skip hides something. */
export function unexplainedSkips({ skipped }: SuiteResult): Failure[] {
  return skipped.flatMap(({ title, file }) => {
    const source = readFileSync(file, 'utf8');
    const needed = CAPABILITIES.filter(({ sign }) => sign.test(source));
    if (needed.some(({ present }) => !present())) return [];
    const here = needed.map(({ name }) => `${name} are here`).join(', ') || 'nothing it needs is missing';
    return [{ title, message: `was skipped although ${here}` }];
  });
}
