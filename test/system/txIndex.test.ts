import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { RpcFailure } from '../support/rpcCall.ts';
import { until } from '../support/wait.ts';

interface IndexInfo {
  readonly txindex?: { readonly synced: boolean; readonly best_block_height: number };
}

describe('the transaction index', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let node: TestNode;
  let txid: string;
  const folder = (): string => join(node.options.dir, 'indexes', 'txindex');
  const info = (): Promise<IndexInfo> => node.rpc<IndexInfo>('getindexinfo');
  const found = async (): Promise<boolean> =>
    await node.rpc('getrawtransaction', txid).then(
      () => true,
      (error: unknown) => {
        assert.ok(error instanceof RpcFailure && error.code === -5, String(error));
        return false;
      },
    );
  const whole = (height: number): Promise<unknown> =>
    until('the whole index', 20_000, async () => {
      const { txindex } = await info();
      return txindex?.synced === true && txindex.best_block_height === height ? true : undefined;
    });

  before(async () => {
    cluster = new Cluster('regtest');
    node = await (await cluster.add('node', 'full')).start(['--no-txindex']);
    await node.rpc('generatetoaddress', 60, MINER_ADDRESS);
    const block = await node.rpc<{ tx: string[] }>('getblock', await node.rpc('getblockhash', 7));
    txid = block.tx[0] as string;
  });
  after(() => cluster.end());

  it('switched off there is none; switched on later it is built while the node runs', async () => {
    assert.deepEqual(await info(), {});
    assert.equal(await found(), false);
    assert.equal(await node.stop(), 0);
    await node.start();
    await whole(60);
    assert.ok(await found());
    await node.rpc('generatetoaddress', 2, MINER_ADDRESS);
    await whole(62);
  });

  it('survives kill -9, and knows the blocks of before and after', async () => {
    await node.rpc('generatetoaddress', 5, MINER_ADDRESS);
    await node.stop('SIGKILL');
    await node.start();
    await node.rpc('generatetoaddress', 1, MINER_ADDRESS);
    await whole(68);
    assert.ok(await found());
    assert.equal(await node.stop(), 0);
    const verified = await runCairn(['db', 'verify', '--datadir', node.options.dir, '--network', 'regtest']);
    assert.equal(verified.code, 0, verified.err);
    assert.match(verified.out, /69 entries of the transaction index/);
  });

  it('damaged, it does not stop the node; --reindex-txindex makes it anew', async () => {
    for (const name of readdirSync(folder()).filter((file) => /^(CURRENT|MANIFEST)/.test(file)))
      writeFileSync(join(folder(), name), 'damaged');
    await node.start();
    assert.equal(await node.height(), 68);
    assert.equal((await info()).txindex?.synced, false);
    assert.equal(await found(), false);
    const { warnings } = await node.rpc<{ warnings: string[] }>('getblockchaininfo');
    assert.ok(warnings.some((text) => /transaction index cannot be used.*--reindex-txindex/.test(text)));
    await node.rpc('generatetoaddress', 1, MINER_ADDRESS);
    assert.equal(await node.stop(), 0);
    await node.start(['--reindex-txindex']);
    await whole(69);
    assert.ok(await found());
    assert.equal(await node.stop(), 0);
  });

  it('deleted, it is built again', async () => {
    rmSync(folder(), { recursive: true });
    await node.start();
    await whole(69);
    assert.ok(await found());
    assert.equal(await node.stop(), 0);
  });
});
