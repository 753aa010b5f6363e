import type { Broken } from '../primitives/rules.ts';
import { SCRIPT_ERRORS } from '../script/errors.ts';

/**
 * The reason as Bitcoin Core ≥ 30 words it for sendrawtransaction (-26) and testmempoolaccept: it no longer tells mandatory
 * script failures from those of policy, and names the script error in brackets.
 */
export function rejectReason(verdict: Broken): string {
  switch (verdict.rule) {
    case 'mandatory-script-verify-flag-failed':
    case 'mempool-script-verify-flag-failed':
      return `mempool-script-verify-flag-failed (${scriptErrorText(verdict.detail)})`;
    default:
      return verdict.rule;
  }
}

/** The words for the script error with whose name a script checker's detail begins. */
function scriptErrorText(detail: string): string {
  const name = detail.slice(0, Math.max(0, detail.indexOf(':')));
  return (SCRIPT_ERRORS as { readonly [name: string]: string })[name] ?? detail;
}
