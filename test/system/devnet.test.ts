import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NETWORKS } from '../support/cluster.ts';
import { cleanEnv, MAIN, ROOT } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

/** Where these tests put their development networks, away from a developer's own. */
const PORT_BASE = 24_443;

/** Ids of the running processes whose command line contains `text`. */
function processesWith(text: string): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line.includes(text) && line.includes(' start '))
    .map((line) => Number.parseInt(line, 10));
}

describe('cairn devnet', function () {
  this.timeout(120_000);
  let temp: string;
  let child: ChildProcess | undefined;
  let out = '';
  beforeEach(() => {
    temp = mkdtempSync(join(tmpdir(), 'cairn-devnet-test-'));
    out = '';
  });
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await until('the nodes to end', 20_000, async () => processesWith(temp).length === 0);
    rmSync(temp, { recursive: true, force: true });
  });

  function start(...flags: string[]): ChildProcess {
    const env = cleanEnv({ TMPDIR: temp });
    const started = spawn(process.execPath, [MAIN, 'devnet', '--port-base', String(PORT_BASE), ...flags], { env });
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
    }
    child = started;
    return started;
  }
  const ended = (process: ChildProcess): Promise<number | null> =>
    process.exitCode !== null
      ? Promise.resolve(process.exitCode)
      : new Promise((resolve) => process.once('exit', resolve));
  const banner = () =>
    until('the banner', 60_000, async () => /Up in [\d.]+ s\./.test(out) || Promise.reject(new Error(out)));

  /** Runs a line of the banner in a shell, as a person would. */
  function paste(line: string): string {
    const env = cleanEnv({ PATH: `${dirname(process.execPath)}:${process.env.PATH}` });
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: ROOT, env, encoding: 'utf8' });
    assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
    return stdout;
  }

  for (const network of NETWORKS) {
    it(`runs three processes on ${network}; the lines of its banner work; Ctrl-C leaves nothing`, async () => {
      const started = start('--network', network);
      await banner();
      assert.equal(processesWith(temp).length, 3);
      for (const role of ['miner', 'full', 'light']) {
        assert.match(
          out,
          new RegExp(
            `^${role} +peer id +12D3KooW\\w{44}\n +multiaddr +/ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/12D3KooW`,
            'm',
          ),
        );
      }
      assert.equal(out.match(/^ {2}\(\d\) bcrt1q\w{38} {2}c\w{51} {2}[0-9a-f]{64}$/gm)?.length, 10);
      assert.match(out, /mnemonic {2}(test ){11}junk\n +path +m\/84'\/1'\/0'\/0\/INDEX/);

      const curl = /^ {2}(curl .*)$/m.exec(out)?.[1] as string;
      assert.equal((JSON.parse(paste(curl)) as { result: { chain: string } }).result.chain, 'regtest');
      const rpc = /^ {2}(.* rpc --datadir \S+ getblockchaininfo)$/m.exec(out)?.[1] as string;
      assert.equal((JSON.parse(paste(rpc)) as { chain: string }).chain, 'regtest');

      await until('a line about a block on all nodes', 90_000, async () =>
        /^#\d+ .* on miner, full, light$/m.test(out),
      );
      // A terminal and the program in between both pass Ctrl-C on: that is one press, and no reason to hurry.
      started.kill('SIGINT');
      started.kill('SIGTERM');
      assert.equal(await ended(started), 0, out);
      assert.deepEqual(readdirSync(temp), [], 'the temporary data is gone');
    });
  }

  it('every funded address owns a mature coin on regtest', async () => {
    start('--no-mine');
    await banner();
    const miner = /^miner[\s\S]*?data +(\S+)$/m.exec(out)?.[1] as string;
    const call = (...words: string[]): string => {
      const { stdout, stderr } = spawnSync(process.execPath, [MAIN, 'rpc', '--datadir', miner, ...words], {
        env: cleanEnv(),
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      return stdout.trim();
    };
    assert.equal(call('getblockcount'), '110');
    const addresses = [...out.matchAll(/^ {2}\(\d\) (bcrt1q\w+)/gm)].map((match) => match[1]);
    for (const [i, address] of addresses.entries()) {
      const block = JSON.parse(call('getblock', call('getblockhash', String(i + 1)), '2')) as {
        tx: { txid: string; vout: { scriptPubKey: { address?: string } }[] }[];
      };
      assert.equal(block.tx[0]!.vout[0]!.scriptPubKey.address, address);
    }
  });

  it('what cannot start leaves nothing behind', async () => {
    for (const [flags, code] of [
      [['--mnemonic', 'no such words'], 64],
      [['--network', 'regtst'], 78],
    ] as const) {
      assert.equal(await ended(start(...flags)), code, out);
      assert.deepEqual(readdirSync(temp), []);
    }
  });

  it('keeps the data with --datadir, and goes on from it', async () => {
    const data = join(temp, 'kept');
    const first = start('--datadir', data, '--no-mine');
    await banner();
    const peer = /peer id +(\S+)/.exec(out)?.[1];
    first.kill('SIGTERM');
    assert.equal(await ended(first), 0, out);
    out = '';
    const second = start('--datadir', data, '--no-mine');
    await banner();
    assert.equal(/peer id +(\S+)/.exec(out)?.[1], peer);
    for (const role of ['miner', 'full', 'light']) assert.ok(existsSync(join(data, role, 'cairn.toml')));
    second.kill('SIGTERM');
    assert.equal(await ended(second), 0, out);
  });

  it('a node that dies ends the network with an error that names it', async () => {
    const started = start('--no-mine');
    await banner();
    const [victim] = processesWith('--role full').filter((pid) => processesWith(temp).includes(pid));
    process.kill(victim as number, 'SIGKILL');
    assert.notEqual(await ended(started), 0);
    assert.match(out, /the full node ended with signal SIGKILL/);
    assert.deepEqual(processesWith(temp), []);
  });

  it('a supervisor that is killed takes its nodes with it', async () => {
    const started = start('--no-mine');
    await banner();
    assert.equal(processesWith(temp).length, 3);
    started.kill('SIGKILL');
    await until('the nodes to end', 10_000, async () => processesWith(temp).length === 0);
  });

  it('takes other ports when the usual ones are taken, and says so', async () => {
    start('--no-mine');
    await banner();
    const first = child as ChildProcess;
    const before = out;
    out = '';
    const second = start('--no-mine');
    await banner();
    assert.match(out, /the usual ports were taken/);
    const ports = (text: string): string[] =>
      [...text.matchAll(/JSON-RPC +http:\/\/127\.0\.0\.1:(\d+)/g)].map((m) => m[1] as string);
    assert.equal(new Set([...ports(before), ...ports(out)]).size, 6);
    first.kill('SIGTERM');
    second.kill('SIGTERM');
    assert.deepEqual([await ended(first), await ended(second)], [0, 0]);
  });
});
