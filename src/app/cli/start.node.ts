import type { Command } from 'commander';
import { loadNetwork } from '../config/network.node.ts';
import { checkMiningAddress } from '../config/payoutCheck.ts';
import { addConfigFlags, configOf } from './flags.node.ts';

export function define(command: Command, { helpAll }: { readonly helpAll: boolean }): void {
  addConfigFlags(command, { all: helpAll });
  command.action(async (options: Record<string, unknown>) => {
    const loaded = configOf(options);
    checkMiningAddress(loaded, await loadNetwork(loaded.config.network));
    const { runNode } = await import('../runNode.node.ts');
    await runNode(loaded.config);
    // Sockets that are still closing would hold the process for another second.
    process.exit();
  });
}
