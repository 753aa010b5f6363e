import assert from 'node:assert/strict';
import { Cluster, NETWORKS } from '../support/cluster.ts';
import { sameTip, type TestNode } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

const COUNT = 10;
const WANTED_PEERS = 4;

const connections = (node: TestNode): Promise<number> => node.rpc<number>('getconnectioncount');

for (const network of NETWORKS) {
  describe(`ten nodes that know one seed (${network})`, function () {
    this.timeout(180_000);
    let cluster: Cluster;
    before(() => {
      cluster = new Cluster(network);
    });
    after(() => cluster.end());

    it('have four peers each and one tip; outlive the seed; a restarted node finds its way back without it', async () => {
      const seed = await (await cluster.add('n0', 'full')).start();
      const seeds = [await seed.multiaddr()];
      const others: TestNode[] = [];
      for (let i = 1; i < COUNT; i++) {
        // One miner, so that there is something to agree on.
        others.push(
          await cluster.add(`n${i}`, i === 1 ? 'miner' : 'full', {
            seeds,
            flags: ['--mining-mean-delay', '1', '--mining-idle-delay', '2'],
          }),
        );
      }
      await Promise.all(others.map((n) => n.start([], 60_000)));
      const all = [seed, ...others];

      await until(`${WANTED_PEERS} peers on every node`, 30_000, async () => {
        const counts = await Promise.all(all.map(connections));
        if (counts.every((c) => c >= WANTED_PEERS)) return true;
        throw new Error(`connections ${counts.join(' ')}`);
      });
      await sameTip(all, 30_000, 2);

      await seed.stop('SIGKILL');
      const before = await (others[0] as TestNode).height();
      await until(
        'the rest to go on without the seed',
        60_000,
        async () => (await (others[0] as TestNode).height()) > before,
      );
      await sameTip(others, 30_000, before + 1);

      const back = others[4] as TestNode;
      assert.equal(await back.stop(), 0);
      await back.start();
      await until(
        'the restarted node to find peers without the seed',
        30_000,
        async () => (await connections(back)) >= 2,
      );
      await sameTip(others, 30_000, before + 1);
    });
  });
}
