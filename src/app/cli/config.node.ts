import type { Command } from 'commander';
import { loadNetwork } from '../config/network.node.ts';
import { checkMiningAddress } from '../config/payoutCheck.ts';
import { renderShow, showJson } from '../config/render.ts';
import { addConfigFlags, configOf } from './flags.node.ts';

export function define(command: Command, { helpAll }: { readonly helpAll: boolean }): void {
  const show = command
    .command('show')
    .description('every option and its value')
    .option('--origin', 'say where each value comes from: default, network file, config file, environment, flag')
    .option('--json', 'as JSON, with origins')
    .action((options: Record<string, unknown>) => {
      const { values, origins } = configOf(options);
      const shown =
        options.json === true
          ? `${JSON.stringify(showJson(values, origins), null, 2)}\n`
          : renderShow(values, origins, { origin: options.origin === true });
      process.stdout.write(shown);
    });
  const check = command
    .command('check')
    .description('say whether a node could start with this configuration')
    .action(async (options: Record<string, unknown>) => {
      const loaded = configOf(options);
      const { config, file } = loaded;
      const network = await loadNetwork(config.network);
      checkMiningAddress(loaded, network);
      process.stdout.write(
        `${file ?? 'defaults, environment and flags'}: fine. A ${config.role} node on ${network.name}, data in ${config.datadir}\n`,
      );
    });
  for (const sub of [show, check]) {
    sub.exitOverride();
    addConfigFlags(sub, { all: helpAll });
  }
}
