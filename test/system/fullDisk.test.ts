import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';

const SMALL = '6m';
const LARGE = '64m';

describe('a disk that fills up', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let mount: string | undefined;
  before(function () {
    cluster = new Cluster('regtest');
    const path = join(cluster.dir, 'disk');
    mkdirSync(path);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL}`, 'tmpfs', path], { stdio: 'ignore' }).status === 0) {
      mount = path;
      return;
    }
    console.log('      skipped: no right to mount a small file system (tmpfs)');
    this.skip();
  });
  after(async () => {
    for (const node of cluster.nodes) if (node.alive) await node.stop('SIGKILL');
    if (mount !== undefined) spawnSync('umount', ['-l', mount], { stdio: 'ignore' });
    await cluster.end();
  });

  it('stops the node with exit 74 and the path; with space again it goes on with what it had told', async () => {
    const node = await (await cluster.add('disk', 'full')).start();
    let height = 0;
    const filling = (async () => {
      for (;;) {
        await node.rpc('generatetoaddress', 20, MINER_ADDRESS);
        height = await node.height();
      }
    })();
    await assert.rejects(filling);
    assert.equal(await node.exited(), 74, node.output.slice(-1000));
    assert.match(node.output, /disk/);
    assert.ok(height > 0, 'the disk was full before the first block');

    const grown = spawnSync('mount', ['-o', `remount,size=${LARGE}`, mount as string]);
    assert.equal(grown.status, 0, String(grown.stderr));
    await node.start();
    assert.ok((await node.height()) >= height, 'a block that RPC had told of is gone');
    await node.rpc('generatetoaddress', 1, MINER_ADDRESS);
    assert.equal(await node.stop(), 0);
  });
});
