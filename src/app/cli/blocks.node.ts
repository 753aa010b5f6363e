import type { Command } from 'commander';
import type { OptionKey } from '../config/options.ts';
import { addOptionFlags } from './flags.node.ts';

/** Flags of commands that work on a data directory without a node. */
function addDatadirFlags(command: Command, more: readonly OptionKey[] = []): Command {
  command.option('--config <FILE>', 'config file; default: cairn.toml in the data directory').exitOverride();
  addOptionFlags(command, ['datadir', 'network', 'dbcache', ...more], { all: true });
  return command;
}

export function define(command: Command): void {
  addDatadirFlags(command.command('import'), ['par', 'assumevalid', 'minimumchainwork'])
    .description('take blocks from files into a data directory, with every rule and script checked')
    .argument('<files...>', "Bitcoin's blk*.dat (also obfuscated, with xor.dat beside it), or length-prefixed blocks")
    .addHelpText(
      'after',
      '\nNo node may run on the data directory. Blocks may come in any order; those that are there are passed over, so the\n' +
        'same command goes on after Ctrl-C or a crash. Exit codes: 0 everything taken, 1 something refused, missing or left\n' +
        'out, 64 a file that is none, 74 disk, 75 data directory in use, 78 configuration or another network.\n' +
        'Files of Bitcoin itself belong to --network bitcoin-main, which joins nothing.',
    )
    .action(async (files: string[], options: Record<string, unknown>) => {
      const { importFiles } = await import('./blocksImport.node.ts');
      await importFiles(files, options);
    });
  addDatadirFlags(command.command('export'))
    .description('write the blocks of the active chain to a file')
    .requiredOption('--out <FILE>', 'a new file')
    .option('--from <HEIGHT>', 'first block, default 0')
    .option('--to <HEIGHT>', 'last block, default the tip')
    .option(
      '--length-prefixed',
      "only a length (u32 little-endian) before each block instead of blk*.dat's magic and length",
    )
    .option('--force', 'replace an existing file')
    .addHelpText('after', '\nNo node may run on the data directory.')
    .action(async (options: Record<string, unknown>) => {
      const { exportFile } = await import('./blocksExport.node.ts');
      await exportFile(options);
    });
}
