import { ownAddresses } from '../addresses.node.ts';
import type { DevKey } from '../devKeys.node.ts';
import type { ReadyNode } from './child.node.ts';
import type { DevnetPlan, NodePlan } from './plan.node.ts';

export interface BannerFacts {
  readonly plan: DevnetPlan;
  readonly nodes: readonly { readonly plan: NodePlan; readonly node: ReadyNode }[];
  readonly keys: readonly DevKey[];
  readonly mnemonic: string;
  /** What each address holds, in words. */
  readonly funds: string;
  /** How the program is called here: "cairn", or "npm run -s cairn --" in a clone. */
  readonly command: string;
  readonly startedMs: number;
}

function joinLines({ plan, command }: BannerFacts): string[] {
  const open = plan.host === '0.0.0.0';
  const address = open ? plan.seed.replace('/ip4/127.0.0.1/', `/ip4/${ownAddresses()[0] ?? '127.0.0.1'}/`) : plan.seed;
  // On this machine the usual ports are taken.
  const ports = open ? '' : ' --host 127.0.0.1 --port 19444 --rpc-port 19443 --ops-port 19446';
  return [
    `  ${command} init --role full --datadir ./cairn-full --network ${plan.network} --group ${plan.group} --seed ${address}${ports}`,
    `  ${command} start --datadir ./cairn-full`,
    ...(open ? [] : ['  (these nodes listen on 127.0.0.1 only: --host 0.0.0.0 lets nodes on other machines join)']),
  ];
}

/** What a newcomer needs, in the order they need it. Every line with a command works when copied. */
export function banner(facts: BannerFacts): string {
  const { plan, nodes, keys, mnemonic, funds, command } = facts;
  const out: string[] = ['', `Cairn development network: ${plan.network}, group ${plan.group}`, ''];
  for (const { plan: node, node: up } of nodes) {
    const moved = node.moved ? '   (the usual ports were taken)' : '';
    out.push(
      `${node.role.padEnd(6)} peer id    ${up.peerId}`,
      ...up.addresses.map((address) => `       multiaddr  ${address}`),
      `       JSON-RPC   ${up.rpcUrl}${moved}`,
      ...(up.opsUrl === undefined ? [] : [`       health     ${up.opsUrl}`]),
      `       data       ${node.dir.root}`,
      '',
    );
  }
  out.push(
    `Funded addresses (${funds}), private keys as WIF and hex. Everyone knows them: never use them for real money.`,
  );
  for (const [i, key] of keys.entries()) out.push(`  (${i}) ${key.address}  ${key.wif}  ${key.privateKeyHex}`);
  out.push(`  mnemonic  ${mnemonic}`, `  path      m/84'/1'/0'/0/INDEX`, '');
  const full = nodes.find(({ plan: node }) => node.role === 'full') ?? nodes[0]!;
  const cookie = `${full.plan.dir.root}/regtest/.cookie`;
  out.push(
    'Ask the full node:',
    `  curl -s --user "$(cat ${cookie})" -d '{"jsonrpc":"2.0","id":1,"method":"getblockchaininfo"}' ${full.node.rpcUrl}`,
    `  ${command} rpc --datadir ${full.plan.dir.root} getblockchaininfo`,
    '',
    'Join with another node:',
    ...joinLines(facts),
    '',
    `${plan.temporary ? 'The data is removed at the end (--datadir DIR keeps it).' : `The data stays in ${plan.root}.`} Ctrl-C stops everything.`,
    `Up in ${((Date.now() - facts.startedMs) / 1000).toFixed(1)} s.`,
    '',
    '',
  );
  return out.join('\n');
}
