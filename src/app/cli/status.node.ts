import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { RpcCallError } from '../../rpc/client.node.ts';
import { dataDir, readRunInfo } from '../config/dataDir.node.ts';
import { ExitError } from '../exit.ts';
import { warmupOf } from './callNode.node.ts';
import { readStatus, renderStatus, renderWarmup } from './statusText.node.ts';
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
          const warmup = warmupOf(error);
          if (warmup !== undefined && !watch) {
            const { role, network } = readRunInfo(dataDir(target.datadir)) ?? {};
            const status = { role, network, phase: 'warming-up', detail: warmup };
            process.stdout.write(
              options.json === true ? `${JSON.stringify(status, null, 2)}\n` : renderWarmup(status, target.url),
            );
            return;
          }
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
