import type { Command } from 'commander';
import { LOG_LEVELS } from '../config/options.ts';
import { EXIT, ExitError } from '../exit.ts';
import { runDevnet } from './supervisor.node.ts';

interface Flags {
  readonly datadir?: string;
  readonly network: string;
  readonly group?: string;
  readonly host: string;
  readonly portBase: string;
  readonly mnemonic?: string;
  readonly blockTime?: string;
  readonly mine: boolean;
  readonly logLevel: string;
}

function numberFlag(text: string, flag: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new ExitError(EXIT.usage, `${flag} must be a number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}

export function define(command: Command): void {
  command
    .option('--datadir <DIR>', 'keep the data there; default: a temporary directory, removed at the end')
    .option('--network <NAME>', 'regtest, cairn-devnet or a network file', 'regtest')
    .option('--group <TEXT>', 'network group; default: a new random one, kept with --datadir')
    .option('--host <IP>', 'where nodes listen for nodes; 0.0.0.0 lets other machines join', '127.0.0.1')
    .option('--port-base <N>', "JSON-RPC port of the miner; its other ports and the other nodes' follow", '18443')
    .option('--mnemonic <WORDS>', 'BIP39 words of the funded addresses')
    .option('--block-time <SECONDS>', 'regtest: mean time between blocks, transactions or none')
    .option('--no-mine', 'make blocks only when asked (generatetoaddress)')
    .option('--log-level <LEVEL>', 'of the nodes', 'warn')
    .action(async (flags: Flags) => {
      const portBase = numberFlag(flags.portBase, '--port-base', 1, 65_000);
      const blockTime =
        flags.blockTime === undefined ? undefined : numberFlag(flags.blockTime, '--block-time', 0, 86_400);
      if (!(LOG_LEVELS as readonly string[]).includes(flags.logLevel)) {
        throw new ExitError(EXIT.usage, `--log-level must be one of ${LOG_LEVELS.join(', ')}, not "${flags.logLevel}"`);
      }
      await runDevnet({
        datadir: flags.datadir,
        network: flags.network,
        group: flags.group,
        host: flags.host,
        portBase,
        mnemonic: flags.mnemonic,
        blockTime,
        mine: flags.mine,
        logLevel: flags.logLevel,
      });
    });
}
