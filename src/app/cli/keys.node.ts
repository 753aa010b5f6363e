import type { Command } from 'commander';
import { DEVELOPMENT_MNEMONIC } from '../../params/networks.ts';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { loadNetwork } from '../config/network.node.ts';
import { devKeys } from '../devKeys.node.ts';
import { EXIT, ExitError } from '../exit.ts';

export function define(command: Command): void {
  command
    .option('--mnemonic <WORDS>', 'BIP39 words', DEVELOPMENT_MNEMONIC)
    .option('--network <NAME>', 'regtest, cairn-devnet or a network file', 'regtest')
    .option('--count <N>', 'how many', '10')
    .option('--change', "of the change branch, m/84'/1'/0'/1")
    .option('--json', 'as JSON')
    .action(async (options: { mnemonic: string; network: string; count: string; change?: true; json?: true }) => {
      const count = Number(options.count);
      if (!Number.isInteger(count) || count < 1 || count > 1000) {
        throw new ExitError(EXIT.usage, `--count must be 1 to 1000, not ${JSON.stringify(options.count)}`);
      }
      usePlatformCrypto();
      const network = await loadNetwork(options.network);
      const keys = devKeys(options.mnemonic, count, network.prefixes, options.change === true ? 1 : 0);
      const text =
        options.json === true
          ? JSON.stringify(keys, null, 2)
          : keys.map((key) => `${key.path}  ${key.address}  ${key.wif}  ${key.privateKeyHex}`).join('\n');
      process.stdout.write(`${text}\n`);
    });
}
