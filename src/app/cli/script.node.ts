import type { Command } from 'commander';
import { FLAGS_HELP } from './scriptFlagNames.ts';
import { PREVOUTS_HELP } from './txPrevouts.ts';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function define(command: Command): void {
  command
    .command('debug')
    .description('run the scripts of an input, or one script, and show the stack after each opcode')
    .option('--tx <HEX>', 'a transaction: hex, a file of hex, or - for standard input')
    .option('--input <N>', 'which of its inputs, default 0')
    .option('--prevouts <JSON|FILE>', PREVOUTS_HELP)
    .option(
      '--script <HEX|ASM>',
      'one script alone, e.g. "2 3 OP_ADD 5 OP_EQUAL"; signatures are of --tx when it is given',
    )
    .option('--stack <HEX>', 'with --script: an item it starts with, bottom first; repeatable', collect)
    .option('--rules <NAME>', 'with --script: base, witness_v0 or tapscript', 'base')
    .option('--flags <NAMES>', FLAGS_HELP, 'consensus')
    .option('--full', 'show long items in full')
    .option('--json', 'everything as JSON')
    .addHelpText(
      'after',
      '\nThe top of the stack is on the right. Exit codes: 0 the script succeeds, 1 it fails, 64 wrong arguments.',
    )
    .exitOverride()
    .action(async (options: Record<string, unknown>) => {
      const { debugScript } = await import('./scriptDebug.node.ts');
      await debugScript(options);
    });
}
