import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

/** Where the health listener of a running node is. */
function opsUrl(node: TestNode): Promise<string> {
  return until('the address of the health listener', 10_000, () => {
    const { opsUrl: url } = JSON.parse(readFileSync(join(node.options.dir, 'run.json'), 'utf8')) as { opsUrl: string };
    return url;
  });
}

describe('REST of a real node', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  before(() => {
    cluster = new Cluster('regtest');
  });
  after(() => cluster.end());

  it('serves blocks, headers, transactions and coins when ops.rest is on', async () => {
    const node = await (await cluster.add('on', 'full', { flags: ['--ops-rest'] })).start();
    const [, tip] = await node.rpc<[string, string]>('generatetoaddress', 2, MINER_ADDRESS);
    const base = `${await opsUrl(node)}/rest`;
    const get = async (path: string): Promise<Response> => {
      const answer = await fetch(base + path);
      assert.equal(answer.status, 200, `${path}: ${answer.status}`);
      return answer;
    };
    const json = async (path: string): Promise<unknown> => (await get(path)).json();

    assert.deepEqual(await json('/chaininfo.json'), await node.rpc('getblockchaininfo'));
    assert.deepEqual(await json(`/block/${tip}.json`), await node.rpc('getblock', tip, 3));
    const bytes = await (await get(`/block/${tip}.bin`)).bytes();
    assert.equal(Buffer.from(bytes).toString('hex'), await node.rpc('getblock', tip, 0));
    assert.deepEqual(await json('/blockhashbyheight/2.json'), { blockhash: tip });
    const headers = (await json(`/headers/${await node.rpc('getblockhash', 0)}.json?count=2000`)) as { hash: string }[];
    assert.deepEqual([headers.length, headers[2]?.hash], [3, tip]);
    const { tx } = await node.rpc<{ tx: [string] }>('getblock', tip);
    const text = await (await get(`/tx/${tx[0]}.hex`)).text();
    assert.equal(text, `${await node.rpc('getrawtransaction', tx[0])}\n`);
    const coins = (await json(`/getutxos/checkmempool/${tx[0]}-0/${tx[0]}-9.json`)) as { bitmap: string };
    assert.equal(coins.bitmap, '10');
    assert.deepEqual(await json(`/spenttxouts/${tip}.json`), [[]]);
    assert.deepEqual(await json('/mempool/contents.json'), {});

    const wrong = await fetch(`${base}/block/${'00'.repeat(32)}.json`);
    assert.deepEqual([wrong.status, await wrong.text()], [404, `${'00'.repeat(32)} not found\r\n`]);
    assert.equal((await fetch(`${base}/chaininfo.json`, { method: 'POST' })).status, 405);
  });

  it('is off unless asked for, and a light node says that it has none', async () => {
    const off = await (await cluster.add('off', 'full')).start();
    assert.equal((await fetch(`${await opsUrl(off)}/rest/chaininfo.json`)).status, 404);
    const light = await (await cluster.add('light', 'light', { flags: ['--ops-rest'] })).start();
    assert.equal((await fetch(`${await opsUrl(light)}/rest/chaininfo.json`)).status, 404);
    assert.match(light.output, /ops\.rest is on, but a light node has no blocks/);
  });
});
