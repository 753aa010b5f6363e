import type { Command } from 'commander';
import { addOptionFlags } from './flags.node.ts';

export function define(command: Command): void {
  const verify = command.command('verify').exitOverride();
  verify.option('--config <FILE>', 'config file; default: cairn.toml in the data directory');
  addOptionFlags(verify, ['datadir', 'network'], { all: true });
  verify
    .description('read everything a node has stored and name what is damaged; changes nothing')
    .option('--coins', 'also compute all coins again from the blocks and compare each one')
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      '\nNo node may run on the data directory. Reads every header, block and undo record, coin (also those below a snapshot, in\n' +
        'past/) and index entry with their checksums (those of the databases, too) and compares them with one another; then\n' +
        'every record of peers/, and mempool.dat, which has no checksums. Damage is named with file, offset and block.\n' +
        '--coins needs room for a second set of coins in the temporary folder.\n' +
        'Exit codes: 0 nothing wrong, 1 stopped before the end, 74 something is damaged or cannot be read, 75 data directory\n' +
        'in use, 78 configuration or another network.',
    )
    .action(async (options: Record<string, unknown>) => {
      const { verifyDatadir } = await import('./dbVerify.node.ts');
      await verifyDatadir(options);
    });
}
