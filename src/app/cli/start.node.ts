import type { Command } from 'commander';
import type { Rebuild } from '../../store/rebuild.ts';
import { loadNetwork } from '../config/network.node.ts';
import type { NodeConfig } from '../config/nodeConfig.ts';
import { checkMiningAddress } from '../config/payoutCheck.ts';
import { EXIT, ExitError } from '../exit.ts';
import { addConfigFlags, configOf } from './flags.node.ts';

/** What the flags ask for. Throws ExitError (64) where it makes no sense. */
function rebuildOf(options: Record<string, unknown>, { role, prune }: NodeConfig): Rebuild | undefined {
  const wanted = options.reindex === true ? 'index' : options.reindexChainstate === true ? 'chainstate' : undefined;
  if (wanted !== undefined && role === 'light')
    throw new ExitError(EXIT.usage, 'a light node keeps no blocks: there is nothing to make anew', {
      next: 'start without --reindex, or with another --datadir',
    });
  if (wanted === 'chainstate' && prune !== 0)
    throw new ExitError(EXIT.usage, 'prune is incompatible with --reindex-chainstate: old blocks are gone', {
      next: 'cairn start --reindex, which downloads them again',
    });
  return wanted;
}

export function define(command: Command, { helpAll }: { readonly helpAll: boolean }): void {
  addConfigFlags(command, { all: helpAll });
  command
    .option('--reindex', 'first make the index of blocks and the coins anew from the block files')
    .option('--reindex-chainstate', 'first make the coins anew from the blocks that are there')
    .option('--reindex-txindex', 'make the transaction index anew while the node runs');
  command.action(async (options: Record<string, unknown>) => {
    const loaded = configOf(options);
    checkMiningAddress(loaded, await loadNetwork(loaded.config.network));
    const { runNode } = await import('../runNode.node.ts');
    const rebuild = rebuildOf(options, loaded.config);
    const reindexTxs = options.reindexTxindex === true;
    await runNode(loaded.config, { reindexTxs, ...(rebuild === undefined ? {} : { rebuild }) });
    // Sockets that are still closing would hold the process for another second.
    process.exit();
  });
}
