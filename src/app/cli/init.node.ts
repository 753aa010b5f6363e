import type { Command } from 'commander';
import { reachableAddresses } from '../addresses.node.ts';
import { dataDir } from '../config/dataDir.node.ts';
import { initDataDir } from '../config/initDataDir.node.ts';
import { loadConfig } from '../config/load.node.ts';
import { bindingOf, loadNetwork } from '../config/network.node.ts';
import { listenOn, OPTION_KEYS, type OptionKey } from '../config/options.ts';
import { checkMiningAddress } from '../config/payoutCheck.ts';
import { renderToml } from '../config/render.ts';
import type { Flags } from '../config/sources.ts';
import { EXIT, ExitError } from '../exit.ts';
import { addOptionFlags, flagsOf } from './flags.node.ts';
import { payoutAddress } from './payout.node.ts';

function listenFlag(options: Readonly<Record<string, unknown>>): string[] | undefined {
  if (options.port === undefined && options.host === undefined) return undefined;
  const port = Number(options.port ?? 18444);
  if (!Number.isInteger(port) || port < 0 || port > 65534) {
    throw new ExitError(EXIT.usage, `--port must be a port number below 65535, not ${JSON.stringify(options.port)}`);
  }
  return listenOn((options.host as string | undefined) ?? '0.0.0.0', port, port === 0 ? 0 : port + 1);
}

async function init(options: Record<string, unknown>): Promise<void> {
  const given = flagsOf(options);
  const listen = given['p2p.listen'] ?? listenFlag(options);
  const flags: Flags = { ...given, 'p2p.listen': listen };
  // An existing config file must not colour a new one; the payout address is looked for when all else is known to be right.
  const judge = (more: Flags) =>
    loadConfig({ file: null, flags: { ...flags, ...more }, env: process.env, cwd: process.cwd() });
  const draft = judge({ 'mining.enabled': false });
  const dir = dataDir(draft.config.datadir);
  const network = await loadNetwork(draft.config.network);
  checkMiningAddress(draft, network);
  const unpaid = draft.config.role === 'miner' && draft.config.mining.address === undefined;
  const payout = unpaid ? payoutAddress(dir.root, network) : undefined;
  const { values, config, origins } = judge(payout === undefined ? {} : { 'mining.address': payout.address });

  const set: Partial<Record<OptionKey, unknown>> = { role: values.role, network: values.network, datadir: '.' };
  for (const key of OPTION_KEYS) {
    const source = origins.get(key)?.source;
    if (key !== 'datadir' && (source === 'flag' || source === 'env')) set[key] = values[key];
  }
  const toml = renderToml(set, [
    `Configuration of a Cairn node: one file for one node on one network. Made by \`cairn init\`.`,
    'A line that starts with # shows a default. Paths are relative to this file. An unknown key is an error.',
    'The environment (CAIRN_ROLE, CAIRN_P2P_LISTEN, …) and the flags of `cairn start` win over this file;',
    '`cairn config show --origin` says where each value comes from.',
  ]);
  const { key, created } = initDataDir({ dir, network: bindingOf(network), toml, force: options.force === true });
  payout?.save();
  const addresses = reachableAddresses(
    config.p2p.announce.length > 0 ? config.p2p.announce : config.p2p.listen,
    key.peerId,
  );
  process.stdout.write(
    [
      `${created ? 'made' : 'unchanged'}: ${config.role} node on ${network.name} (group ${config.group}) in ${dir.root}`,
      `config: ${dir.config}`,
      `peer id: ${key.peerId}`,
      ...addresses.map((address) => `address: ${address}`),
      ...(payout === undefined ? [] : [`payout: ${payout.address} (its key is in ${payout.file})`]),
      `next: cairn start --datadir ${dir.root}`,
      '',
    ].join('\n'),
  );
}

export function define(command: Command, { helpAll }: { readonly helpAll: boolean }): void {
  command
    .option('--host <IP>', 'listen there; default 0.0.0.0, every interface')
    .option('--port <N>', 'listen for nodes on this port, for browsers on the next')
    .option('--force', 'replace a config file that differs; never the key, never the network');
  addOptionFlags(command, OPTION_KEYS, { all: helpAll });
  command.addHelpText('after', '\n--help-all lists every option.').action(init);
}
