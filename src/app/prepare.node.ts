import type { Network } from '../params/network.ts';
import { bindDataDir, type DataDir, dataDir, readRunInfo } from './config/dataDir.node.ts';
import { bindingOf, loadNetwork } from './config/network.node.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import { loadNodeKey } from './config/nodeKey.node.ts';
import { EXIT, ExitError } from './exit.ts';
import { portFree, tcpOf } from './ports.node.ts';

/** Every TCP listener the configuration asks for, with the key that names it. */
function listeners(config: NodeConfig): { key: string; host: string; port: number }[] {
  const out: { key: string; host: string; port: number }[] = [];
  if (config.rpc.enabled && config.rpc.port !== 0)
    out.push({ key: 'rpc.port', host: config.rpc.bind, port: config.rpc.port });
  if (config.ops.enabled && config.ops.port !== 0)
    out.push({ key: 'ops.port', host: config.ops.bind, port: config.ops.port });
  for (const address of config.p2p.listen) {
    const tcp = tcpOf(address);
    if (tcp !== undefined) out.push({ key: 'p2p.listen', ...tcp });
  }
  return out;
}

async function checkPorts(config: NodeConfig, dir: DataDir): Promise<void> {
  for (const { key, host, port } of listeners(config)) {
    if (await portFree(host, port)) continue;
    const other = readRunInfo(dir);
    if (other !== undefined && other.pid !== process.pid) {
      throw new ExitError(EXIT.locked, `process ${other.pid} runs a node on ${dir.root} already`, {
        next: `cairn stop --datadir ${dir.root}`,
      });
    }
    throw new ExitError(EXIT.unavailable, `${key}: port ${port} on ${host} is in use`, {
      next: `stop what listens there, or give this node another ${key}`,
    });
  }
}

/**
 * Everything that must be right before a node is built: network, data directory bound to it, identity, free ports.
 * Throws ExitError with the exit code of what is wrong.
 */
export async function prepareNode(config: NodeConfig): Promise<{ network: Network; dir: DataDir }> {
  const network = await loadNetwork(config.network);
  if (network.offline) {
    throw new ExitError(EXIT.config, `network ${network.name} has no peers: it is for verifying files only`);
  }
  const dir = dataDir(config.datadir);
  bindDataDir(dir, bindingOf(network));
  loadNodeKey(config.p2p.keyFile ?? dir.nodeKey);
  await checkPorts(config, dir);
  return { network, dir };
}
