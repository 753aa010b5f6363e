import { hashKey } from '../primitives/hash.ts';
import { type Check, PASSED } from '../primitives/rules.ts';
import { Lru } from '../util/lru.ts';
import type { ScriptChecker, ScriptJob } from './ports.ts';

/** Transactions remembered: about 20 MB. */
const MAX_TXS = 100_000;

/**
 * Transactions whose scripts have passed. A wtxid stands for all its inputs' scripts, witnesses and, through the outpoints,
 * for what they spend; only the flags are left open. Whatever passes under some flags passes under fewer of them: a flag
 * only ever forbids (Bitcoin Core keeps the same in its script execution cache).
 */
export class VerifiedScripts {
  readonly #passed: Lru<string, number>;

  constructor(maxTxs = MAX_TXS) {
    this.#passed = new Lru(maxTxs);
  }

  /** A checker that remembers what passes `checker`: for transactions on their own. */
  remembering(checker: ScriptChecker): ScriptChecker {
    return {
      check: async (jobs): Promise<Check> => {
        const left = this.#unknown(jobs);
        if (left.length === 0) return PASSED;
        const verdict = await checker.check(left);
        if (verdict.ok) for (const { tx, flags } of left) this.#passed.set(hashKey(tx.wtxid), flags);
        return verdict;
      },
    };
  }

  /** A checker that asks `checker` only about what is not remembered: for blocks, which hold what the pool has seen. */
  sparing(checker: ScriptChecker): ScriptChecker {
    return {
      check: (jobs) => checker.check(this.#unknown(jobs)),
      ...(checker.prepare && { prepare: (block) => checker.prepare?.(block) ?? Promise.resolve() }),
    };
  }

  #unknown(jobs: readonly ScriptJob[]): readonly ScriptJob[] {
    if (this.#passed.size === 0) return jobs;
    return jobs.filter(({ tx, flags }) => {
      const passed = this.#passed.get(hashKey(tx.wtxid));
      return passed === undefined || (passed & flags) !== flags;
    });
  }
}
