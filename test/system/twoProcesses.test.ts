import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { writeBlocks } from '../bench/chain/blockFile.ts';
import { regtest } from '../bench/chain/workload.ts';
import { ChainGenerator } from '../bench/generator.ts';
import { runCairn, startCairn } from '../support/cairnCommand.ts';
import { Cluster } from '../support/cluster.ts';
import { sleep, until } from '../support/wait.ts';

const NAMES = ['start', 'start --reindex', 'blocks import', 'blocks export', 'db verify'] as const;
type Name = (typeof NAMES)[number];

describe('two processes on one data directory', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let dir: string;
  let file: string;
  let out: string;

  before(async () => {
    usePlatformCrypto();
    cluster = new Cluster('regtest');
    dir = join(cluster.dir, 'node');
    file = join(cluster.dir, 'chain.dat');
    out = join(cluster.dir, 'out.dat');
    writeBlocks(file, regtest().magic, new ChainGenerator(regtest(), 9).mine(400));
    const { code, err } = await runCairn(commandOf('blocks import'));
    assert.equal(code, 0, err);
  });
  after(() => cluster.end());

  function commandOf(name: Name): string[] {
    const own = ['--datadir', dir, '--network', 'regtest'];
    const ports = ['--listen', '/ip4/127.0.0.1/tcp/0', '--rpc-port', '0', '--ops-port', '0'];
    switch (name) {
      case 'start':
        return ['start', ...own, ...ports];
      case 'start --reindex':
        return ['start', ...own, ...ports, '--reindex'];
      case 'blocks import':
        return ['blocks', 'import', ...own, file];
      case 'blocks export':
        return ['blocks', 'export', ...own, '--out', out];
      case 'db verify':
        return ['db', 'verify', ...own, '--coins'];
    }
  }

  /** True while the process says that it holds the directory. */
  function holds({ pid }: ChildProcess): boolean {
    try {
      return readFileSync(join(dir, 'lock', 'holder'), 'utf8').startsWith(`process ${pid} `);
    } catch {
      return false;
    }
  }

  /** It listens for peers: before that its file names only where it answers. */
  function isUp(): boolean {
    try {
      const { addresses } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as { addresses: string[] };
      return addresses.length > 0;
    } catch {
      return false;
    }
  }

  /** Stops the process in the middle of its work, while it holds the directory. False when it was over before that. */
  async function freeze(child: ChildProcess): Promise<boolean> {
    while (child.exitCode === null) {
      if (holds(child)) {
        child.kill('SIGSTOP');
        if (holds(child)) return true;
        child.kill('SIGCONT');
      }
      await sleep(1);
    }
    return false;
  }

  for (const first of NAMES)
    it(`while "${first}" holds it, every other refuses with 75 and names the holder; afterwards all is well`, async () => {
      rmSync(out, { force: true });
      const { child, ended } = await until(`"${first}" at work`, 60_000, async () => {
        rmSync(out, { force: true });
        const started = startCairn(commandOf(first));
        if (await freeze(started.child)) return started;
        await started.ended;
        return undefined;
      });
      const words = first.replace(/ --.*/, '');
      await Promise.all(
        NAMES.map(async (second) => {
          const { code, err } = await runCairn(
            second === 'blocks export' ? [...commandOf(second), '--force'] : commandOf(second),
          );
          assert.equal(code, 75, `${second}: ${err}`);
          assert.ok(err.includes(`${dir} is in use by process ${child.pid} (${words})`), `${second}: ${err}`);
        }),
      );
      child.kill('SIGCONT');
      // A node goes on until it is told to stop.
      if (first.startsWith('start')) {
        await until('a node that is up', 30_000, isUp);
        child.kill('SIGTERM');
      }
      const { code, err } = await ended;
      assert.equal(code, 0, err);
      assert.equal(existsSync(join(dir, 'lock', 'holder')), false);
      const verified = await runCairn(commandOf('db verify'));
      assert.equal(verified.code, 0, verified.err);
      assert.match(verified.out, /401 headers, 401 blocks, 400 undo records/);
    });

  it('a killed holder leaves nothing that keeps others out', async () => {
    const { child, ended } = startCairn(commandOf('start'));
    await until('a node that is up', 30_000, isUp);
    child.kill('SIGKILL');
    await ended;
    assert.equal((await runCairn(commandOf('db verify'))).code, 0);
  });
});
