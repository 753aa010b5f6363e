import type { Command } from 'commander';
import { addOptionFlags } from './flags.node.ts';

const FILE = 'headers of 80 bytes, one after another, parents first';

export function define(command: Command): void {
  const imported = command
    .command('import')
    .description("take headers from a file into a light node's data directory, with every rule checked")
    .argument('<file>', FILE)
    .option('--config <FILE>', 'config file; default: cairn.toml in the data directory')
    .exitOverride();
  addOptionFlags(imported, ['datadir', 'network'], { all: true });
  imported
    .addHelpText(
      'after',
      '\nNo node may run on the data directory. Headers that are there are passed over. Exit codes as of verify.',
    )
    .action(async (file: string, options: Record<string, unknown>) => {
      const { importHeaderFile } = await import('./headersFile.node.ts');
      await importHeaderFile(file, options);
    });
  command
    .command('verify')
    .description('check linkage, proof of work, difficulty and times of the headers in a file; keeps nothing')
    .argument('<file>', FILE)
    .option('--network <NAME|FILE>', 'regtest, cairn-devnet, bitcoin-main or the path of a network file', 'regtest')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 every header is valid, 1 one is not (named with its offset) or there is none, 64 no such file.',
    )
    .exitOverride()
    .action(async (file: string, options: { network: string; json?: true }) => {
      const { verifyHeaderFile } = await import('./headersFile.node.ts');
      await verifyHeaderFile(file, options);
    });
}
