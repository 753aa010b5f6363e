import assert from 'node:assert/strict';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import { sameTip } from '../support/nodeProcess.ts';
import { TxFlow } from '../support/txFlow.ts';
import { until } from '../support/wait.ts';

/** Above it a block is not gossiped but announced by its header and fetched. */
const GOSSIPED = 200_000;

describe('a block above 200 kB', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  before(() => {
    cluster = new Cluster('regtest');
  });
  after(() => cluster.end());

  it('is announced by its header and fetched, also over a node in between, and by nobody twice', async () => {
    const a = await (await cluster.add('a', 'full')).start();
    // Three coins: a chain of unconfirmed transactions may have 101 kB at most.
    const payments = [0, 1, 2].map((index) => new TxFlow(a, index));
    for (const flow of payments) await flow.fund();
    const funded = await a.height();
    const b = await (await cluster.add('b', 'full', { seeds: [await a.multiaddr()] })).start();
    // c knows b only; it may still meet a over the DHT.
    const c = await (await cluster.add('c', 'full', { seeds: [await b.multiaddr()] })).start();
    const light = await (await cluster.add('light', 'light', { seeds: [await b.multiaddr()] })).start();
    await sameTip([a, b, c, light], 30_000, funded);

    const txids: string[] = [];
    for (const flow of payments) txids.push(await flow.sendData(90_000));
    await until('gossip of large transactions', 30_000, async () => {
      const pools = await Promise.all([b, c].map((n) => n.rpc<string[]>('getrawmempool')));
      return pools.every((pool) => txids.every((txid) => pool.includes(txid)));
    });
    const [hash] = await a.rpc<string[]>('generatetoaddress', 1, MINER_ADDRESS);
    await sameTip([a, b, c, light], 30_000, funded + 1);
    const block = await c.rpc<{ size: number; tx: string[] }>('getblock', hash, 1);
    assert.ok(block.size > GOSSIPED, `the block has ${block.size} bytes`);
    assert.deepEqual(block.tx.slice(1).sort(), [...txids].sort());
    assert.deepEqual(await c.rpc('getledgerhash'), await a.rpc('getledgerhash'));
    for (const node of [a, b, c]) assert.deepEqual(await node.rpc('getrawmempool'), []);
  });
});
