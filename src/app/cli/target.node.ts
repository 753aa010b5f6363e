import type { Command } from 'commander';
import { dataDir, readCookie, readRunInfo } from '../config/dataDir.node.ts';
import type { RpcTarget } from './callNode.node.ts';
import { addOptionFlags, configOf } from './flags.node.ts';

/** Flags of every command that talks to a running node. */
export function addTargetFlags(command: Command): void {
  command
    .option('--config <FILE>', 'config file of the node')
    .option('--rpc-url <URL>', 'where it listens; default: what runs on the data directory, else the config')
    .option('--user <NAME:PASSWORD>', 'default: the cookie in the data directory');
  addOptionFlags(command, ['datadir', 'rpc.port'], { all: true });
}

/** The node that the flags, the data directory and the config name; `datadir` is where it lives if on this machine. */
export function targetOf(options: Readonly<Record<string, unknown>>): RpcTarget & { readonly datadir: string } {
  const { config, origins } = configOf(options);
  const running = readRunInfo(dataDir(config.datadir));
  const host = config.rpc.bind === '0.0.0.0' || config.rpc.bind === '::' ? '127.0.0.1' : config.rpc.bind;
  const configured = `http://${host.includes(':') ? `[${host}]` : host}:${config.rpc.port}/`;
  // A node's own word beats its config (port 0, flags at its start); a port on this command line beats both.
  const found = origins.get('rpc.port')?.source === 'flag' ? configured : (running?.rpcUrl ?? configured);
  return {
    url: (options.rpcUrl as string | undefined) ?? found,
    auth: (options.user as string | undefined) ?? readCookie(config.datadir),
    datadir: config.datadir,
  };
}
