import type { ScriptChecker } from '../chain/ports.ts';
import { broken, type Check, PASSED } from '../primitives/rules.ts';
import type { Tx, TxOut } from '../primitives/tx.ts';
import { SCRIPT_ERRORS } from '../script/errors.ts';
import { STANDARD_SCRIPT_FLAGS } from '../script/flags.ts';

/** The words for the script error with whose name a script checker's detail begins. */
function scriptErrorText(detail: string): string {
  const name = detail.slice(0, Math.max(0, detail.indexOf(':')));
  return (SCRIPT_ERRORS as { readonly [name: string]: string })[name] ?? detail;
}

/**
 * Every input may spend its output: under the standard flags, which forbid more than consensus does. What fails them is run
 * again under the next block's consensus flags to learn whose fault it is: 'mandatory-script-verify-flag-failed' is invalid
 * for everybody, 'mempool-script-verify-flag-failed' only not to our taste. Bitcoin Core ≥ 30 shows both by the latter text.
 */
export async function checkPoolScripts(
  checker: ScriptChecker,
  tx: Tx,
  spent: readonly TxOut[],
  consensusFlags: number,
  requireStandard: boolean,
): Promise<Check> {
  const jobs = (flags: number) => [{ tx, spent, flags }];
  const flags = requireStandard ? STANDARD_SCRIPT_FLAGS | consensusFlags : consensusFlags;
  const policy = await checker.check(jobs(flags));
  if (policy.ok) return PASSED;
  const reason = `mempool-script-verify-flag-failed (${scriptErrorText(policy.detail)})`;
  const consensus = flags === consensusFlags ? policy : await checker.check(jobs(consensusFlags));
  if (consensus.ok) return broken('mempool-script-verify-flag-failed', policy.detail, reason);
  return broken('mandatory-script-verify-flag-failed', policy.detail, reason);
}
