import assert from 'node:assert/strict';
import { Cluster, NETWORKS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { sleep, until } from '../support/wait.ts';

/** Kills of each role. `npm run test:long` sets the full fifty. */
const KILLS = Number(process.env.CAIRN_TEST_KILLS ?? 4);

for (const network of NETWORKS) {
  describe(`kill -9 at random moments, ${KILLS} times each role (${network})`, function () {
    this.timeout(120_000 + KILLS * 60_000);
    let cluster: Cluster;
    before(() => {
      cluster = new Cluster(network);
    });
    after(() => cluster.end());

    it('every restart succeeds and goes on from where it was; chain and coins equal those of a node never killed', async () => {
      const flags = ['--mining-mean-delay', '0.3', '--mining-idle-delay', '0.3'];
      const twin = await (await cluster.add('twin', 'full')).start();
      const seeds = [await twin.multiaddr()];
      const miner = await (await cluster.add('miner', 'miner', { seeds, flags })).start();
      const full = await (await cluster.add('full', 'full', { seeds })).start();
      const light = await (await cluster.add('light', 'light', { seeds })).start();
      await until('a first block', 60_000, async () => (await twin.height()) > 0);

      for (let round = 0; round < KILLS; round++) {
        for (const victim of [miner, full, light]) {
          await sleep(Math.random() * 700);
          const had = await victim.height();
          assert.equal(await victim.stop('SIGKILL'), 'SIGKILL');
          await victim.start();
          const has = await victim.height();
          // What RPC told before the kill was committed; it is there again before a single peer could have sent it.
          assert.ok(has >= had, `${victim.options.role} came back at ${has}, had ${had}`);
        }
      }

      await miner.stop('SIGTERM');
      const height = await twin.height();
      const nodes: TestNode[] = [full, light];
      const tip = await twin.tip();
      await until(`height ${height} on the killed nodes`, 60_000, async () => {
        const tips = await Promise.all(nodes.map((n) => n.tip()));
        if (tips.every((t) => t === tip)) return true;
        throw new Error(`tips ${tips.join(' ')} instead of ${tip}`);
      });
      assert.equal(await full.rpc('getledgerhash'), await twin.rpc('getledgerhash'));
      await miner.start(['--mining-enabled', 'false']);
      await until('the miner to agree', 60_000, async () => (await miner.tip()) === tip);
      assert.equal(await miner.rpc('getledgerhash'), await twin.rpc('getledgerhash'));
    });
  });
}
