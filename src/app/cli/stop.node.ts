import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { dataDir, readRunInfo } from '../config/dataDir.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { callNode, type RpcTarget, warmupOf } from './callNode.node.ts';
import { addTargetFlags, targetOf } from './target.node.ts';

/** Between two words on what a node that stops is busy with. */
const TELL_MS = 5_000;

/** True when the node took the order: one that starts or stops takes none. */
async function ordered(target: RpcTarget): Promise<boolean> {
  try {
    await callNode(target, 'stop', [], { timeoutMs: 10_000 });
    return true;
  } catch (error) {
    if (warmupOf(error) === undefined) throw error;
    return false;
  }
}

/** What the node is busy with, undefined when it does not say. */
async function doing(target: RpcTarget): Promise<string | undefined> {
  try {
    await callNode(target, 'uptime', [], { timeoutMs: 2_000 });
    return undefined;
  } catch (error) {
    return warmupOf(error);
  }
}

/** One may end in a slash. */
function sameUrl(a: string, b: string): boolean {
  return URL.parse(a)?.href === URL.parse(b)?.href;
}

export function define(command: Command): void {
  addTargetFlags(command);
  command.action(async (options: Record<string, unknown>) => {
    const target = targetOf(options);
    const dir = dataDir(target.datadir);
    const running = readRunInfo(dir);
    const pid = running !== undefined && sameUrl(running.rpcUrl, target.url) ? running.pid : undefined;
    if (!(await ordered(target))) {
      const busy = (await doing(target)) ?? 'it is starting';
      if (pid === undefined)
        throw new ExitError(EXIT.unavailable, `the node at ${target.url} takes no orders yet: ${busy}`, {
          next: 'stop its process with SIGTERM, or try again when it is up',
        });
      // A second signal would cut it off.
      if (!busy.startsWith('Shutting down')) process.kill(pid, 'SIGTERM');
    }
    // The node removes its run file when everything is closed: then port and lock are free. However long it has to write.
    const gone = (): boolean => pid === undefined || readRunInfo(dir)?.pid !== pid;
    for (let waited = 0; !gone(); waited += 50) {
      await sleep(50);
      if (waited % TELL_MS !== TELL_MS - 50 || gone()) continue;
      process.stderr.write(`process ${pid} is still stopping: ${(await doing(target)) ?? 'see its log'}\n`);
    }
    process.stdout.write('stopped\n');
  });
}
