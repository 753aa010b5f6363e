// One node of the namespace test: a real Network that accepts and reports all gossip. Driven over IPC.
import { join } from 'node:path';
import { createNetwork } from '../../../src/net/host.node.ts';
import { loadKey } from '../../../src/net/keyFile.node.ts';
import { nodejs } from '../../../src/platform/nodejs.node.ts';
import { silentLogger } from '../../../src/util/ports.ts';
import { CHAIN_ID, chainOf } from './network.ts';

export type LabCommand = { readonly publish: string } | { readonly peers: true } | { readonly stop: true };
export type LabReport =
  | { readonly address: string }
  | { readonly got: string }
  | { readonly sent: number }
  | { readonly peers: readonly string[] };

const [dataDir, ...seeds] = process.argv.slice(2) as [string, ...string[]];
const report = (message: LabReport): void => void process.send?.(message);
const network = createNetwork({
  chain: chainOf(CHAIN_ID),
  group: 'lab',
  role: 'full',
  services: 7,
  userAgent: 'cairn-lab/1',
  best: { height: 0, bestHash: new Uint8Array(32), chainWork: 2n },
  privateKey: loadKey(join(dataDir, 'node.key')),
  dataDir,
  listen: ['/ip4/0.0.0.0/tcp/18444'], // as by default: others must not be told 127.0.0.1
  seeds,
  logger: silentLogger,
  platform: nodejs,
  limits: { pingIntervalMs: 2000, pingTimeoutMs: 3000, redialMs: 3000 },
});
network.onGossip('tx', async (_, data) => {
  report({ got: Buffer.from(data).toString() });
  return 'accept';
});
process.on('message', async (command: LabCommand) => {
  if ('publish' in command) report({ sent: await network.publish('tx', Buffer.from(command.publish)) });
  else if ('peers' in command) report({ peers: network.peers().map((p) => p.address.split('/')[2] as string) });
  else {
    await network.stop();
    process.disconnect();
  }
});
await network.start();
report({ address: network.addresses()[0] as string });
