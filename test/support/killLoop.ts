import assert from 'node:assert/strict';
import { Cluster, NETWORKS } from './cluster.ts';
import { TxFlow } from './txFlow.ts';
import { sleep, until } from './wait.ts';

/** Kills each role `kills` times at random while blocks and payments flow, on every network. */
export function describeKills(kills: number): void {
  for (const network of NETWORKS) describeNetwork(network, kills);
}

function describeNetwork(network: string, kills: number): void {
  describe(`kill -9 at random moments, ${kills} times each role (${network})`, function () {
    this.timeout(120_000 + kills * 60_000);
    let cluster: Cluster;
    before(() => {
      cluster = new Cluster(network);
    });
    after(() => cluster.end());

    it('every restart succeeds and goes on from where it was; chain and coins equal those of a node never killed', async () => {
      const flags = ['--mining-mean-delay', '0.3', '--mining-idle-delay', '0.3'];
      const twin = await (await cluster.add('twin', 'full')).start();
      const payments = new TxFlow(twin, 0);
      await payments.fund();
      const seeds = [await twin.multiaddr()];
      const miner = await (await cluster.add('miner', 'miner', { seeds, flags })).start();
      const full = await (await cluster.add('full', 'full', { seeds })).start();
      const light = await (await cluster.add('light', 'light', { seeds })).start();
      const start = await twin.height();
      await until('a first block', 60_000, async () => (await twin.height()) > start);
      payments.start();

      for (let round = 0; round < kills; round++) {
        for (const victim of [miner, full, light]) {
          await sleep(Math.random() * 700);
          const had = await victim.height();
          assert.equal(await victim.stop('SIGKILL'), 'SIGKILL');
          // No seeds and nobody to listen to: what it has when RPC answers, it has from its own disk.
          await victim.start(['--target-outbound', '0']);
          const has = await victim.height();
          assert.ok(has >= had, `${victim.options.role} came back at ${has}, had ${had}`);
          assert.equal(await victim.stop('SIGKILL'), 'SIGKILL');
          await victim.start();
        }
      }

      await payments.stop();
      assert.ok(payments.sent.length > kills, `only ${payments.sent.length} payments were taken`);
      await payments.settled(twin, 60_000);
      await miner.stop('SIGTERM');
      await sleep(500);
      const tip = await twin.tip();
      const nodes = [full, light];
      await until(`tip ${tip} on the killed nodes`, 60_000, async () => {
        const tips = await Promise.all(nodes.map((n) => n.tip()));
        if (tips.every((t) => t === tip)) return true;
        throw new Error(`tips ${tips.join(' ')}`);
      });
      const ledger = await twin.rpc('getledgerhash');
      assert.deepEqual(await full.rpc('getledgerhash'), ledger);
      await miner.start(['--mining-enabled', 'false']);
      await until('the miner to agree', 60_000, async () => (await miner.tip()) === tip);
      assert.deepEqual(await miner.rpc('getledgerhash'), ledger);
    });
  });
}
