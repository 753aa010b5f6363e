import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { RpcCallError } from '../../rpc/client.node.ts';
import { readStatus, renderStatus } from './statusText.node.ts';
import { addTargetFlags, targetOf } from './target.node.ts';

export function define(command: Command): void {
  addTargetFlags(command);
  command
    .option('--json', 'as JSON')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .action(async (options: Record<string, unknown>) => {
      for (;;) {
        const target = targetOf(options);
        let text: string;
        try {
          const status = await readStatus(target);
          text = options.json === true ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status, target.url);
        } catch (error) {
          if (!(error instanceof RpcCallError) || options.watch !== true) throw error;
          text = `${error.message}\n`;
        }
        if (options.watch === true && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J');
        process.stdout.write(text);
        if (options.watch !== true) return;
        await sleep(2000);
      }
    });
}
