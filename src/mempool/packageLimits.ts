import { broken, type Check, PASSED } from '../primitives/rules.ts';
import type { Tx } from '../primitives/tx.ts';
import type { PoolSettings } from './settings.ts';
import type { TxGraph } from './txGraph.ts';

/**
 * Bounds the work that one change of the pool can cause: neither the transaction with its unconfirmed ancestors nor any of
 * those with its descendants may exceed the package count and size (Bitcoin Core -limitancestorcount/-limitdescendantcount
 * 25, 101 kvB).
 */
export function checkPackageLimits(
  tx: Tx,
  vsize: number,
  graph: TxGraph,
  limits: Pick<PoolSettings, 'maxPackageCount' | 'maxPackageVsize'>,
): Check {
  const { maxPackageCount, maxPackageVsize } = limits;
  const tooLong = (what: string): Check => broken('too-long-mempool-chain', what);
  let count = 1;
  let size = vsize;
  const seen = new Set(graph.parentsOf(tx));
  for (const ancestor of seen) {
    count++;
    size += ancestor.vsize;
    if (count > maxPackageCount) return tooLong(`too many unconfirmed ancestors [limit: ${maxPackageCount}]`);
    if (size > maxPackageVsize) return tooLong(`exceeds ancestor size limit [limit: ${maxPackageVsize}]`);
    const { withDescendants } = ancestor;
    if (withDescendants.count + 1 > maxPackageCount)
      return tooLong(`too many descendants for tx ${ancestor.tx.id} [limit: ${maxPackageCount}]`);
    if (withDescendants.vsize + vsize > maxPackageVsize)
      return tooLong(`exceeds descendant size limit for tx ${ancestor.tx.id} [limit: ${maxPackageVsize}]`);
    for (const parent of ancestor.parents) seen.add(parent);
  }
  return PASSED;
}
