import type { Broken } from '../primitives/rules.ts';

/**
 * The reason as Bitcoin Core ≥ 30 words it for sendrawtransaction (-26) and testmempoolaccept: it no longer tells mandatory
 * script failures from those of policy, and names the script error in brackets.
 */
export function rejectReason(verdict: Broken): string {
  switch (verdict.rule) {
    case 'mandatory-script-verify-flag-failed':
    case 'mempool-script-verify-flag-failed':
      return `mempool-script-verify-flag-failed (${verdict.detail})`;
    default:
      return verdict.rule;
  }
}
