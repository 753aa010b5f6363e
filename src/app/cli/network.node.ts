import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createNetworkDefinition, type NewNetworkOptions } from '../../params/createNetwork.ts';
import { NetworkFileError } from '../../params/definition.ts';
import { BUILT_IN_DEFINITIONS } from '../../params/networks.ts';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { decodeAddress } from '../../primitives/address.ts';
import { COIN } from '../../primitives/amount.ts';
import { toHex } from '../../util/hex.ts';
import { loadNetwork } from '../config/network.node.ts';
import { EXIT, ExitError } from '../exit.ts';

/** Satoshi as decimal text of an amount in coins with up to 8 decimals. */
function satoshi(coins: string): string {
  const match = /^(\d{1,8})(?:\.(\d{1,8}))?$/.exec(coins);
  if (match === null) throw new ExitError(EXIT.usage, `"${coins}" is not an amount in coins such as 12.5`);
  return (BigInt(match[1]!) * COIN + BigInt((match[2] ?? '').padEnd(8, '0'))).toString();
}

function whole(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const value = /^0x[0-9a-f]{1,8}$/i.test(text) || /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new ExitError(EXIT.usage, `${flag} must be a whole number, not "${text}"`);
  return value;
}

/** ADDRESS=COINS */
async function allocation(text: string): Promise<{ script: string; amount: string }> {
  const [address = '', coins = ''] = text.split('=');
  const { prefixes } = await loadNetwork('cairn-devnet');
  const decoded = decodeAddress(address, prefixes);
  if (!decoded.ok)
    throw new ExitError(EXIT.usage, `--allocate ${text}: "${address}" is not an address of such a network`);
  return { script: toHex(decoded.value.scriptPubKey), amount: satoshi(coins) };
}

type NewFlags = Readonly<Record<string, string | undefined>> & { allocate?: string[]; seed?: string[]; public?: true };

async function create(name: string, flags: NewFlags): Promise<void> {
  usePlatformCrypto();
  const options: Record<string, unknown> = {
    name,
    genesisTime: whole(flags.genesisTime, '--genesis-time') ?? Math.floor(Date.now() / 1000),
    spacing: whole(flags.spacing, '--spacing'),
    algo: flags.algo,
    limitBits: whole(flags.limitBits, '--limit-bits'),
    startBits: whole(flags.startBits, '--start-bits'),
    interval: whole(flags.interval, '--interval'),
    subsidy: flags.subsidy === undefined ? undefined : satoshi(flags.subsidy),
    halvingInterval: whole(flags.halvingInterval, '--halving-interval'),
    coinbaseMaturity: whole(flags.coinbaseMaturity, '--coinbase-maturity'),
    seeds: flags.seed,
    development: flags.public !== true,
    allocations: await Promise.all((flags.allocate ?? []).map(allocation)),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  let json: string;
  try {
    json = `${JSON.stringify(createNetworkDefinition(given as unknown as NewNetworkOptions), null, 2)}\n`;
  } catch (error) {
    if (!(error instanceof NetworkFileError)) throw error;
    throw new ExitError(EXIT.config, error.problems.join('\n'), { next: 'cairn network new --help' });
  }
  if (flags.out === '-') process.stdout.write(json);
  else {
    const file = resolve(flags.out ?? `${name}.json`);
    try {
      writeFileSync(file, json, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new ExitError(EXIT.config, `${file} exists; another file means another network`, {
        next: 'give --out FILE',
      });
    }
    process.stdout.write(`wrote ${file}\nnext: cairn init --network ${file} --datadir DIR\n`);
  }
}

async function show(nameOrPath: string): Promise<void> {
  usePlatformCrypto();
  const network = await loadNetwork(nameOrPath);
  const definition = BUILT_IN_DEFINITIONS.find((known) => known.name === network.name);
  const about = {
    name: network.name,
    chain: network.chain,
    chainId: network.genesis.header.id,
    protocols: `/cairn/${network.id16}/…`,
    magic: toHex(network.magic),
    development: network.development,
    ports: network.ports,
    seeds: network.seeds,
    prefixes: network.prefixes,
    consensus: network.consensus,
    built_in: definition !== undefined,
  };
  process.stdout.write(`${JSON.stringify(about, null, 2)}\n`);
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function define(command: Command): void {
  command
    .command('new')
    .description('write the JSON file of a new network; every node of it needs this file')
    .argument('<name>', 'lower-case letters, digits, -')
    .option('--out <FILE>', 'default NAME.json, - for standard output')
    .option('--spacing <SECONDS>', 'between blocks, default 15')
    .option('--algo <NAME>', 'difficulty: asert (default) or bitcoin')
    .option('--limit-bits <BITS>', 'easiest target in compact form, default 0x1e7fffff')
    .option('--start-bits <BITS>', 'target of the first blocks, default the limit')
    .option('--interval <BLOCKS>', 'between retargets of algo bitcoin, default 2016')
    .option('--subsidy <COINS>', 'of a block, default 50')
    .option('--halving-interval <BLOCKS>', 'default 210000')
    .option('--coinbase-maturity <BLOCKS>', 'default 100')
    .option('--genesis-time <UNIX>', 'default now')
    .option('--allocate <ADDRESS=COINS>', 'coins that exist from the start; repeatable', collect)
    .option('--seed <MULTIADDR>', 'repeatable', collect)
    .option('--public', 'not a development network')
    .exitOverride()
    .action(create);
  command
    .command('show')
    .description('print a network as the node sees it')
    .argument('<network>', 'a name or a file')
    .exitOverride()
    .action(show);
}
