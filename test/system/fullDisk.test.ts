import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { writeBlocks } from '../bench/chain/blockFile.ts';
import { regtest } from '../bench/chain/workload.ts';
import { ChainGenerator } from '../bench/generator.ts';
import { runCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { RpcFailure } from '../support/rpcCall.ts';
import { SmallDisk } from '../support/smallDisk.ts';
import { sleep, until } from '../support/wait.ts';

const MB = 1_000_000;

async function ops(node: TestNode, path: string): Promise<{ status: number; text: string }> {
  const { opsUrl: url } = JSON.parse(readFileSync(join(node.options.dir, 'run.json'), 'utf8')) as { opsUrl: string };
  const answer = await fetch(url + path);
  return { status: answer.status, text: await answer.text() };
}

describe('a disk that fills up', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let disk: SmallDisk | undefined;

  /** A cluster whose node `disk` has a small disk. */
  function mounted(megabytes: number): void {
    before(function () {
      cluster = new Cluster('regtest');
      disk = SmallDisk.mount(join(cluster.dir, 'disk'), megabytes);
      if (disk === undefined) this.skip();
    });
    after(async () => {
      for (const node of cluster.nodes) if (node.alive) await node.stop('SIGKILL');
      disk?.unmount();
      await cluster.end();
    });
  }

  describe('before it is full', () => {
    mounted(32);

    it('the node takes and makes no blocks, says so everywhere, starts so, and goes on by itself with space again', async () => {
      const small = disk as SmallDisk;
      const other = await (await cluster.add('other', 'full')).start();
      await other.rpc('generatetoaddress', 5, MINER_ADDRESS);
      const flags = ['--min-free-mb', '8', '--mining-mean-delay', '0.2', '--mining-idle-delay', '0.2'];
      const seeds = [await other.multiaddr()];
      const node = await (await cluster.add('disk', 'miner', { seeds, flags })).start();
      await until('blocks of its own', 30_000, async () => (await other.height()) > 8);
      assert.equal((await ops(node, '/readyz')).status, 200);

      small.fillUp(6 * MB);
      const notReady = await until('/readyz to say no', 10_000, async () => {
        const answer = await ops(node, '/readyz');
        return answer.status === 503 && answer;
      });
      assert.match(notReady.text, /^disk-full: disk space is low: [45]\.\d MB free in \S+, min_free_mb is 8/);
      assert.equal((await ops(node, '/livez')).status, 200);
      assert.match((await ops(node, '/metrics')).text, /^cairn_disk_paused 1$/m);
      assert.match((await ops(node, '/health')).text, /"ready":false,"reason":"disk-full"/);

      // A block that was being made is the last.
      await sleep(500);
      const height = await node.height();
      await until('both on one tip', 10_000, async () => (await other.height()) === height);
      await other.rpc('generatetoaddress', 20, MINER_ADDRESS);
      const better = await other.rpc<string>('getblock', await other.rpc('getblockhash', height + 1), 0);
      await until('the headers', 20_000, async () => {
        const { headers } = await node.rpc<{ headers: number }>('getblockchaininfo');
        return headers === height + 20;
      });
      await sleep(1_500);
      const info = await node.rpc<{ blocks: number; warnings: string[] }>('getblockchaininfo');
      assert.equal(info.blocks, height);
      assert.match(info.warnings.join(), /disk space is low/);
      assert.match((await node.rpc<{ stalled_reason: string }>('getsyncinfo')).stalled_reason, /disk space is low/);
      const refusal = (error: unknown): boolean =>
        error instanceof RpcFailure && error.code === -1 && /no-disk-space: disk space is low/.test(error.message);
      await assert.rejects(node.rpc('generatetoaddress', 1, MINER_ADDRESS), refusal);
      await assert.rejects(node.rpc('submitblock', better), refusal);
      assert.equal(
        (await runCairn(['status', '--datadir', node.options.dir])).out.match(/disk space is low/g)?.length,
        1,
      );

      assert.equal(await node.stop(), 0);
      await node.start();
      assert.equal(await node.height(), height);
      assert.equal((await ops(node, '/readyz')).status, 503);

      small.clear();
      await until('/readyz to say yes', 30_000, async () => (await ops(node, '/readyz')).status === 200);
      assert.match((await ops(node, '/metrics')).text, /^cairn_disk_paused 0$/m);
      await until('blocks of its own on top', 30_000, async () => (await node.height()) > height + 22);
      assert.deepEqual((await node.rpc<{ warnings: string[] }>('getblockchaininfo')).warnings, []);
      await node.rpc('stop');
      assert.equal(await node.exited(), 0);
      assert.match(node.output, /disk space is low: no blocks are taken[\s\S]*disk space again: blocks are taken/);
      const verified = await runCairn([
        'db',
        'verify',
        '--datadir',
        node.options.dir,
        '--network',
        'regtest',
        '--coins',
      ]);
      assert.equal(verified.code, 0, verified.err);
    });
  });

  describe('to the last byte', () => {
    mounted(6);

    it('stops the node with exit 74 and the path; with space again it goes on with what it had told', async () => {
      const node = await (await cluster.add('disk', 'full', { flags: ['--min-free-mb', '0'] })).start();
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

      (disk as SmallDisk).resize(64);
      await node.start();
      assert.ok((await node.height()) >= height, 'a block that RPC had told of is gone');
      await node.rpc('generatetoaddress', 1, MINER_ADDRESS);
      assert.equal(await node.stop(), 0);
    });
  });

  describe('under an import', () => {
    mounted(16);

    it('ends it with exit 74 and the path; with space again the same command finishes, with the same coins', async () => {
      usePlatformCrypto();
      const small = disk as SmallDisk;
      const file = join(cluster.dir, 'chain.dat');
      const generator = new ChainGenerator(regtest(), 5);
      const { tip } = writeBlocks(
        file,
        regtest().magic,
        (function* () {
          yield* generator.fund(20_000);
          yield* generator.pay(50, 5, 10);
        })(),
      );
      const dir = join(small.path, 'node');
      const own = ['--datadir', dir, '--network', 'regtest'];
      small.fillUp(1.2 * MB);
      const full = await runCairn(['blocks', 'import', ...own, file]);
      assert.equal(full.code, 74, full.err);
      assert.match(full.err, /no space left/i);
      assert.ok(full.err.includes(dir), full.err);
      small.clear();
      const whole = await runCairn(['blocks', 'import', ...own, file]);
      assert.equal(whole.code, 0, whole.err);
      assert.ok(whole.out.includes(tip), whole.out);
      const verified = await runCairn(['db', 'verify', ...own, '--coins']);
      assert.equal(verified.code, 0, verified.err);
    });
  });
});
