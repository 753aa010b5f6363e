import assert from 'node:assert/strict';
import { Cluster, NETWORKS } from '../support/cluster.ts';
import { needNamespaces } from '../support/namespaces.ts';
import { NetLab } from '../support/netLab.ts';
import { sameTip, type TestNode } from '../support/nodeProcess.ts';
import { TxFlow } from '../support/txFlow.ts';
import { until } from '../support/wait.ts';

const PORTS = { p2p: 18444, rpc: 18443 };
/** Machines 0–2 are one side, with the faster miner; 3–5 the other. */
const MACHINES = 6;
const LIGHTER = [3, 4, 5];
const LEAD = 4;

const chainWork = async (node: TestNode): Promise<bigint> =>
  BigInt(`0x${(await node.rpc<{ chainwork: string }>('getblockchaininfo')).chainwork}`);

for (const network of NETWORKS) {
  describe(`a network cut in two and healed (${network})`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let lab: NetLab | undefined;
    before(function () {
      needNamespaces(this);
      cluster = new Cluster(network);
      lab = new NetLab(MACHINES);
    });
    after(async () => {
      await cluster?.end();
      lab?.down();
    });

    const machine = (i: number, role: 'full' | 'miner', seeds: readonly string[], flags: readonly string[] = []) =>
      cluster.add(`m${i}`, role, { ip: lab!.ip(i), prefix: lab!.prefix(i), ports: PORTS, seeds, flags });
    const pace = (seconds: number) => ['--mining-mean-delay', `${seconds}`, '--mining-idle-delay', `${seconds}`];

    it('both sides go on; then the heavier chain wins everywhere and no payment is lost', async () => {
      const seed = await (await machine(0, 'full', [])).start();
      const payments = new TxFlow(seed, 0);
      await payments.fund();
      const seeds = [await seed.multiaddr()];
      const others = await Promise.all([
        machine(1, 'miner', seeds, [...pace(0.7), '--mining-threads', '2']),
        machine(2, 'full', seeds),
        machine(3, 'miner', seeds, pace(2.5)),
        machine(4, 'full', seeds),
        machine(5, 'full', seeds),
      ]);
      await Promise.all(others.map((node) => node.start()));
      const all = [seed, ...others];
      const [, , , , away] = all as [TestNode, TestNode, TestNode, TestNode, TestNode, TestNode];
      await until('every machine to have three peers', 60_000, async () => {
        const counts = await Promise.all(all.map((n) => n.rpc<number>('getconnectioncount')));
        if (counts.every((c) => c >= 3)) return true;
        throw new Error(`connections ${counts.join(' ')}`);
      });
      const common = await sameTip(all, 60_000, 1);

      lab!.partition(LIGHTER);
      const tx = payments.next();
      await away.rpc('sendrawtransaction', tx.toHex());
      const block = await until('the payment in a block of the lighter side', 90_000, async () => {
        return (await away.rpc<{ blockhash?: string }>('getrawtransaction', tx.getId(), 1)).blockhash;
      });
      const lead = await until('the heavier side to lead clearly', 120_000, async () => {
        const [heavy, light] = [await seed.height(), await away.height()];
        if (heavy >= light + LEAD && (await chainWork(seed)) > (await chainWork(away))) return await seed.tip();
        throw new Error(`heights ${heavy} and ${light}`);
      });
      assert.notEqual(await away.tip(), lead);
      await assert.rejects(seed.rpc('getblockheader', block), 'the cut let a block through');

      lab!.heal();
      await until('the heavier chain on every machine', 120_000, async () => {
        const known = await Promise.all(
          all.map((n) => n.rpc<{ confirmations: number }>('getblockheader', lead).catch(() => ({ confirmations: -1 }))),
        );
        if (known.every((h) => h.confirmations >= 1)) return true;
        throw new Error(`confirmations ${known.map((h) => h.confirmations).join(' ')}`);
      });
      await sameTip(all, 60_000);
      assert.equal((await away.rpc<{ confirmations: number }>('getblockheader', block)).confirmations, -1);
      assert.ok((await away.rpc<{ confirmations: number }>('getblockheader', common)).confirmations >= 1);
      await until('the displaced payment in the pool or the new chain, everywhere', 90_000, async () => {
        const seen = await Promise.all(
          all.map((n) => n.rpc('getrawtransaction', tx.getId(), 1).catch(() => undefined)),
        );
        return seen.every((s) => s !== undefined);
      });
    });
  });
}
