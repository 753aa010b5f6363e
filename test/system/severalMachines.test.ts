import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needNamespaces } from '../support/namespaces.ts';
import { NetLab } from '../support/netLab.ts';
import { cleanEnv, MAIN, ROOT } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

/** Machine 0 has the address and the key that the example files name as their seed. */
const FILES = ['full.toml', 'miner.toml', 'full.toml', 'light.toml', 'light.toml'];

describe('several machines with the example configurations as they stand', function () {
  this.timeout(120_000);
  let lab: NetLab | undefined;
  const dir = mkdtempSync(join(tmpdir(), 'cairn-machines-'));
  const processes: ChildProcess[] = [];
  const output: string[] = FILES.map(() => '');
  before(function () {
    needNamespaces(this);
    lab = new NetLab(FILES.length);
  });
  after(() => {
    for (const child of processes) child.kill('SIGKILL');
    lab?.down();
    rmSync(dir, { recursive: true, force: true });
  });

  const dataDir = (i: number): string => join(dir, `m${i}`);
  const cli = async (i: number, name: string, ...args: readonly string[]): Promise<string> => {
    const [command, ...before] = lab!.prefix(i) as [string, ...string[]];
    const full = [...before, process.execPath, MAIN, name, '--datadir', dataDir(i), ...args];
    return (await promisify(execFile)(command, full, { env: cleanEnv() })).stdout.trim();
  };

  it('meet through the one seed and follow one chain; status tells each operator', async () => {
    mkdirSync(dataDir(0), { recursive: true, mode: 0o700 });
    copyFileSync(join(ROOT, 'config/dev-seed.key'), join(dataDir(0), 'node.key'));
    for (const [i, file] of FILES.entries()) {
      const [command, ...before] = lab!.prefix(i) as [string, ...string[]];
      const args = ['start', '--config', join(ROOT, 'config', file), '--datadir', dataDir(i)];
      const child = spawn(command, [...before, process.execPath, MAIN, ...args], { env: cleanEnv() });
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output[i] += String(chunk)));
      processes.push(child);
    }
    await until('all machines on one chain with two peers or more', 90_000, async () => {
      const tips = await Promise.all(FILES.map((_, i) => cli(i, 'rpc', 'getbestblockhash')));
      const peers = await Promise.all(FILES.map((_, i) => cli(i, 'rpc', 'getconnectioncount')));
      const height = Number(await cli(0, 'rpc', 'getblockcount'));
      if (new Set(tips).size === 1 && height >= 1 && peers.every((count) => Number(count) >= 2)) return true;
      throw new Error(
        `height ${height}, tips ${tips.map((t) => t.slice(-6)).join(' ')}, peers ${peers.join(' ')}\n${output.join('\n')}`,
      );
    });
    for (const i of FILES.keys()) assert.match(await cli(i, 'status'), /regtest/);
    // Real addresses of machines, not of this host's loopback.
    assert.match(await cli(3, 'rpc', 'getpeerinfo'), /10\.77\.0\./);
    for (const [i, child] of processes.entries()) {
      const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
      await cli(i, 'stop');
      assert.equal(await ended, 0, output[i]);
    }
  });
});
