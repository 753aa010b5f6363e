import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { dataDir, readRunInfo } from '../config/dataDir.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { callNode } from './callNode.node.ts';
import { addTargetFlags, targetOf } from './target.node.ts';

const PATIENCE_MS = 15_000;

export function define(command: Command): void {
  addTargetFlags(command);
  command.action(async (options: Record<string, unknown>) => {
    const target = targetOf(options);
    const dir = dataDir(target.datadir);
    const running = readRunInfo(dir);
    await callNode(target, 'stop', [], { timeoutMs: 10_000 });
    const pid = running !== undefined && running.rpcUrl === target.url ? running.pid : undefined;
    // The node removes its run file when everything is closed: then port and lock are free.
    for (let waited = 0; pid !== undefined && readRunInfo(dir)?.pid === pid; waited += 50) {
      if (waited >= PATIENCE_MS) {
        throw new ExitError(
          EXIT.failure,
          `process ${pid} was told to stop and still runs after ${PATIENCE_MS / 1000} s`,
          {
            next: `kill -9 ${pid}: the next start recovers`,
          },
        );
      }
      await sleep(50);
    }
    process.stdout.write('stopped\n');
  });
}
