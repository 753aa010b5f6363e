import { broken, type Check, PASSED } from '../primitives/rules.ts';
import type { Pause } from '../util/steps.ts';
import type { ScriptChecker, ScriptJob } from './ports.ts';

/** script/verify.ts' VerifyScript, as far as it concerns us. */
export type VerifyInput = (
  tx: ScriptJob['tx'],
  index: number,
  spent: ScriptJob['spent'],
  flags: number,
) => { readonly ok: true } | { readonly ok: false; readonly error: string; readonly detail: string };

const BLOCK_SCRIPT = 'block-script-verify-flag-failed';

/** Inputs verified in one step: at 20,000 signatures/s about a millisecond. */
const SLICE = 16;

/** The verdict on a block with an input whose script failed with `error` (Core's name) and `detail` (in words). */
export function scriptBroken(tx: ScriptJob['tx'], index: number, error: string, detail: string): Check & { ok: false } {
  return broken(BLOCK_SCRIPT, `${error}: input ${index} of ${tx.id}: ${detail}`, `${BLOCK_SCRIPT} (${detail})`);
}

/**
 * Runs scripts on this thread, in steps.
 * Breaks 'block-script-verify-flag-failed'.
 */
export function inlineScriptChecker(options: { readonly verify: VerifyInput; readonly pause: Pause }): ScriptChecker {
  return {
    async check(jobs): Promise<Check> {
      let verified = 0;
      for (const { tx, spent, flags } of jobs) {
        for (let i = 0; i < spent.length; i++) {
          if (verified > 0 && verified % SLICE === 0) await options.pause();
          const result = options.verify(tx, i, spent, flags);
          if (!result.ok) return scriptBroken(tx, i, result.error, result.detail);
          verified++;
        }
      }
      return PASSED;
    },
  };
}
