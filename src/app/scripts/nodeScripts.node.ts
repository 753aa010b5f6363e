import { availableParallelism } from 'node:os';
import type { ScriptChecker } from '../../chain/ports.ts';
import { inlineScriptChecker } from '../../chain/scriptCheckerInline.ts';
import { turns } from '../../platform/turns.node.ts';
import { verifyScript } from '../../script/verifyScript.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import type { Logger } from '../../util/ports.ts';
import { ScriptPool } from './scriptPool.node.ts';

/**
 * What a node verifies scripts with. `par`: the option; 0 means as many threads as there are cores. A single one is the
 * thread of the node itself. `lifetime` ends the threads. With `busy` they start at once instead of when first needed.
 * `log` hears of threads that fail.
 */
export function nodeScripts(
  par: number,
  lifetime: Lifetime,
  { busy = false, log }: { readonly busy?: boolean; readonly log?: Pick<Logger, 'warn'> } = {},
): ScriptChecker {
  const { pause } = turns;
  const inline = inlineScriptChecker({ verify: verifyScript, pause });
  const threads = par === 0 ? availableParallelism() : par;
  if (threads === 1) return inline;
  const pool = new ScriptPool({ threads, inline, pause, warn: (err, message) => log?.warn({ err }, message) });
  lifetime.add(() => pool.close());
  if (busy) pool.warm();
  return pool;
}
