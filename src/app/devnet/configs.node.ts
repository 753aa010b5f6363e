import { existsSync } from 'node:fs';
import { writeWhole } from '../config/dataDir.node.ts';
import type { OptionKey } from '../config/options.ts';
import { renderToml } from '../config/render.ts';
import type { DevnetPlan } from './plan.node.ts';

/** Gives every node of the network a config file, so that `cairn start --datadir` runs it alone. Keeps existing ones. */
export function writeConfigs(plan: DevnetPlan, payout: string): void {
  for (const { dir, role, ports } of plan.nodes) {
    if (existsSync(dir.config)) continue;
    const set: Partial<Record<OptionKey, unknown>> = {
      role,
      network: plan.network,
      datadir: '.',
      group: plan.group,
      'p2p.listen': [`/ip4/${plan.host}/tcp/${ports.p2p}`, `/ip4/${plan.host}/tcp/${ports.ws}/ws`],
      'rpc.port': ports.rpc,
      'ops.port': ports.ops,
    };
    if (role === 'miner') set['mining.address'] = payout;
    else set.seeds = [plan.seed];
    writeWhole(dir.config, renderToml(set, [`The ${role} node of a development network, made by \`cairn devnet\`.`]));
  }
}
