import type { Command } from 'commander';
import { FLAGS_HELP } from './scriptFlagNames.ts';
import { PREVOUTS_HELP } from './txPrevouts.ts';

const TX = 'hex, a file of hex, or - for standard input';
const NETWORK = 'whose addresses are shown: a name or the path of a network file';

export function define(command: Command): void {
  command
    .command('decode')
    .description('print a transaction as decoderawtransaction does')
    .argument('<tx>', TX)
    .option('--network <NAME|FILE>', NETWORK, 'regtest')
    .exitOverride()
    .action(async (tx: string, options: { network: string }) => {
      const { decodeTransaction } = await import('./txCommands.node.ts');
      await decodeTransaction(tx, options);
    });
  command
    .command('verify')
    .description('judge a transaction with the outputs it spends: rules, fee, signature operations and every script')
    .argument('<tx>', TX)
    .requiredOption('--prevouts <JSON|FILE>', PREVOUTS_HELP)
    .option('--flags <NAMES>', FLAGS_HELP, 'consensus')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nLock times and the age of coinbase outputs need a chain and are not judged.\nExit codes: 0 valid, 1 invalid, 64 wrong arguments.',
    )
    .exitOverride()
    .action(async (tx: string, options: { prevouts: string; flags: string; json?: true }) => {
      const { verifyTransaction } = await import('./txCommands.node.ts');
      await verifyTransaction(tx, options);
    });
}
