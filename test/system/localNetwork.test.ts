import assert from 'node:assert/strict';
import { Cluster } from '../support/cluster.ts';
import { needNamespaces } from '../support/namespaces.ts';
import { NetLab } from '../support/netLab.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { sleep, until } from '../support/wait.ts';

const PORTS = { p2p: 18444, rpc: 18443 };

describe('nodes on one LAN with mDNS and no seeds', function () {
  this.timeout(120_000);
  let lab: NetLab | undefined;
  const clusters: Cluster[] = [];
  before(function () {
    needNamespaces(this);
    lab = new NetLab(4);
    // Two development networks, each a group of its own with the same genesis.
    clusters.push(new Cluster('regtest'), new Cluster('regtest'));
  });
  after(async () => {
    for (const cluster of clusters) await cluster.end();
    lab?.down();
  });

  it('find each other, and two groups with the same genesis never merge', async () => {
    const nodes: TestNode[] = [];
    for (let i = 0; i < 4; i++) {
      const cluster = clusters[i % 2] as Cluster;
      const at = { ip: lab!.ip(i), prefix: lab!.prefix(i), ports: PORTS };
      nodes.push(await cluster.add(`n${i}`, 'full', { ...at, flags: ['--mdns', 'true'] }));
    }
    await Promise.all(nodes.map((node) => node.start()));
    type Peer = { multiaddr: string };
    const peersOf = async (node: TestNode) => (await node.rpc<Peer[]>('getpeerinfo')).map((peer) => peer.multiaddr);
    await until('each node to have found its partner', 60_000, async () => {
      const peers = await Promise.all(nodes.map(peersOf));
      if (peers.every((list) => list.length >= 1)) return true;
      throw new Error(JSON.stringify(peers));
    });
    await sleep(5_000);
    for (const [i, node] of nodes.entries()) {
      const partner = lab!.ip((i + 2) % 4);
      for (const address of await peersOf(node)) assert.ok(address.includes(`/${partner}/`), `n${i} has ${address}`);
    }
  });
});
