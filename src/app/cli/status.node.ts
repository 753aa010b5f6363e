import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { RpcCallError } from '../../rpc/client.node.ts';
import { ExitError } from '../exit.ts';
import { readStatus, renderStatus } from './statusText.node.ts';
import { addTargetFlags, targetOf } from './target.node.ts';

const PERIOD_MS = 2000;

export function define(command: Command): void {
  addTargetFlags(command);
  command
    .option('--json', 'as JSON')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .action(async (options: Record<string, unknown>) => {
      const watch = options.watch === true;
      for (let answered = false; ; await sleep(PERIOD_MS)) {
        const target = targetOf(options);
        let text: string;
        try {
          const status = await readStatus(target);
          answered = true;
          // Watched, one line each: what reads along can tell them apart.
          if (options.json === true) text = `${JSON.stringify(status, null, watch ? 0 : 2)}\n`;
          else text = renderStatus(status, target.url);
        } catch (error) {
          if (!watch || !(error instanceof RpcCallError || (answered && error instanceof ExitError))) throw error;
          // It warms up, or a node that did answer is being started again.
          text = options.json === true ? `${JSON.stringify({ error: error.message })}\n` : `${error.message}\n`;
        }
        if (watch && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J');
        process.stdout.write(text);
        if (!watch) return;
      }
    });
}
