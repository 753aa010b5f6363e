import type { ConfigProblem } from './configError.ts';
import { nearest } from './nearest.ts';
import type { OptionValues } from './nodeConfig.ts';
import type { OptionKey } from './options.ts';
import type { Origin } from './origin.ts';

/** Networks that are part of the program; anything else is the path of a network file. */
export const BUILT_IN_NETWORKS = ['regtest', 'cairn-devnet', 'bitcoin-main'] as const;

export const looksLikePath = (text: string): boolean => /[/\\]|\.json$/.test(text);

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** What is wrong between options that are each fine. */
export function crossChecks(values: OptionValues, originOf: (key: OptionKey) => Origin): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const wrong = (key: OptionKey, reason: string, near?: string): void => {
    problems.push({ origin: originOf(key), key, reason, nearest: near });
  };

  if (!looksLikePath(values.network) && !(BUILT_IN_NETWORKS as readonly string[]).includes(values.network)) {
    wrong('network', `unknown network "${values.network}"`, nearest(values.network, BUILT_IN_NETWORKS));
  }
  if (values.prune !== 0 && values.txindex && originOf('txindex').source !== 'default') {
    wrong('prune', 'prune mode is incompatible with txindex: leave one of them out');
  }
  if (values.prune !== 0 && values.role === 'light') wrong('prune', 'a light node keeps no blocks');
  // A cookie cannot be read from another machine, and an open port without an allow list is everybody's.
  if (values['rpc.enabled'] && !isLoopback(values['rpc.bind'])) {
    if (values['rpc.auth'].length === 0) wrong('rpc.bind', `"${values['rpc.bind']}" is not loopback: set rpc.auth too`);
    if (values['rpc.allow_ip'].length === 0) {
      wrong('rpc.bind', `"${values['rpc.bind']}" is not loopback: set rpc.allow_ip too`);
    }
  }
  const users = new Set(values['rpc.auth'].map((line) => line.slice(0, line.indexOf(':'))).concat('__cookie__'));
  for (const line of values['rpc.whitelist']) {
    const user = line.slice(0, line.indexOf(':'));
    if (!users.has(user)) wrong('rpc.whitelist', `no user "${user}" in rpc.auth`, nearest(user, [...users]));
  }
  if (values.role === 'miner' && values['mining.enabled'] && values['mining.address'] === undefined) {
    wrong('mining.address', 'a miner needs an address to be paid at');
  }
  if (values['rpc.enabled'] && values['ops.enabled'] && values['rpc.port'] !== 0) {
    if (values['rpc.port'] === values['ops.port'] && values['rpc.bind'] === values['ops.bind']) {
      wrong('ops.port', `${values['ops.port']} is rpc.port already`);
    }
  }
  return problems;
}
