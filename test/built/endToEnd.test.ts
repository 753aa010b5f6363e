import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

// What nodeProcess starts is decided when it is loaded: here it is the build.
process.env.CAIRN_TEST_MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const { cleanEnv, MAIN, TestNode } = await import('../support/nodeProcess.ts');

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

function cairn(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: cleanEnv(),
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

describe('the built program', function () {
  this.timeout(60_000);
  let dir: string;
  before(() => {
    assert.ok(existsSync(MAIN), 'npm run build comes first');
    dir = mkdtempSync(join(tmpdir(), 'cairn-dist-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('is executable by name and prints its version', () => {
    // The first line of the file asks for `node`: let it find the one that runs this test.
    const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
    const { status, stdout, stderr } = spawnSync(MAIN, ['--version'], {
      env: cleanEnv({ PATH: path }),
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('runs a miner: RPC answers, its loop finds blocks, stop ends it with 0', async () => {
    const node = await TestNode.create({
      dir: join(dir, 'miner'),
      role: 'miner',
      network: 'regtest',
      group: 'dist',
      flags: ['--mining-address', ADDRESS, '--mining-mean-delay', '0.2', '--mining-idle-delay', '0.2'],
    });
    try {
      await node.start();
      const info = await node.rpc<{ chain: string; blocks: number }>('getblockchaininfo');
      assert.equal(info.chain, 'regtest');
      const hashes = await node.rpc<string[]>('generatetoaddress', 3, ADDRESS);
      assert.equal(hashes.length, 3);
      const after = await node.height();
      assert.ok(after >= 3);
      // The miner's own loop goes on by itself.
      for (const end = Date.now() + 20_000; (await node.height()) <= after; ) assert.ok(Date.now() < end, node.output);

      const rpc = cairn('rpc', '--datadir', node.options.dir, 'getblockhash', '1');
      assert.equal(rpc.code, 0, rpc.err);
      assert.equal(rpc.out.trim(), await node.rpc('getblockhash', 1));
      const stop = cairn('stop', '--datadir', node.options.dir);
      assert.equal(stop.code, 0, stop.err);
      assert.equal(await node.exited(), 0);
    } finally {
      await node.stop('SIGKILL');
    }
  });

  it('runs cairn-devnet, whose blocks need worker threads: their file name is what the build has to get right', async () => {
    const node = await TestNode.create({
      dir: join(dir, 'devnet'),
      role: 'miner',
      network: 'cairn-devnet',
      group: 'dist',
      flags: ['--mining-address', ADDRESS],
    });
    try {
      await node.start();
      for (const end = Date.now() + 50_000; (await node.height()) < 1; ) {
        assert.ok(Date.now() < end, node.output);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.equal(await node.stop('SIGTERM'), 0);
    } finally {
      await node.stop('SIGKILL');
    }
  });
});
