import { broken, type Check, PASSED } from '../primitives/rules.ts';
import type { ScriptChecker, ScriptJob } from './ports.ts';

/** script/verify.ts' VerifyScript, as far as it concerns us. */
export type VerifyInput = (
  tx: ScriptJob['tx'],
  index: number,
  spent: ScriptJob['spent'],
  flags: number,
) => { readonly ok: true } | { readonly ok: false; readonly error: string; readonly detail: string };

const BLOCK_SCRIPT = 'block-script-verify-flag-failed';

/** Inputs verified between two pauses: at 20,000 signatures/s about 3 ms without the event loop. */
const SLICE = 64;

/**
 * Runs the scripts of a block on this thread, in slices. `pause` lets everything else run and resolves then.
 * Breaks 'block-script-verify-flag-failed', or 'script-not-supported' where this version cannot judge.
 */
export function inlineScriptChecker(options: {
  readonly verify: VerifyInput;
  readonly pause: () => Promise<void>;
}): ScriptChecker {
  return {
    async check(jobs): Promise<Check> {
      for (let i = 0; i < jobs.length; i++) {
        if (i > 0 && i % SLICE === 0) await options.pause();
        const { tx, inputIndex, spent, flags } = jobs[i] as ScriptJob;
        const result = options.verify(tx, inputIndex, spent, flags);
        if (result.ok) continue;
        const detail = `${result.error}: input ${inputIndex} of ${tx.id}: ${result.detail}`;
        if (result.error === 'NOT_SUPPORTED') return broken('script-not-supported', detail);
        return broken(BLOCK_SCRIPT, detail, `${BLOCK_SCRIPT} (${result.detail})`);
      }
      return PASSED;
    },
  };
}
