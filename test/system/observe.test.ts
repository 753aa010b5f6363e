import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import { cleanEnv, MAIN, sameTip, type TestNode } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

/** Enough that a node which starts later catches up instead of following. */
const BLOCKS = 120;

async function status(node: TestNode, ...flags: string[]): Promise<string> {
  const args = [MAIN, 'status', '--datadir', node.options.dir, ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: cleanEnv() });
  return stdout;
}

const count = (node: TestNode, pattern: RegExp): number => [...node.output.matchAll(pattern)].length;

describe('what people see of running nodes', function () {
  this.timeout(120_000);
  const cluster = new Cluster('regtest');
  let miner: TestNode;
  let full: TestNode;
  let light: TestNode;
  after(() => cluster.end());

  before(async () => {
    miner = await (await cluster.add('miner', 'miner', { flags: ['--no-mining-enabled'] })).start();
    await miner.rpc('generatetoaddress', BLOCKS, MINER_ADDRESS);
    const seeds = [await miner.multiaddr()];
    full = await (await cluster.add('full', 'full', { seeds })).start();
    light = await (await cluster.add('light', 'light', { seeds: [...seeds, await full.multiaddr()] })).start();
    await sameTip([miner, full, light], 60_000, BLOCKS);
  });

  it('a sync ends with one line, and each block after it has one, on every role', async () => {
    await until('the end of both syncs', 30_000, () =>
      [full, light].every((node) => /synced: all 120 (blocks|headers), 100 %/.test(node.output)),
    );
    assert.equal(count(full, /new block /g), 0, full.output);
    assert.equal(count(miner, /new block /g), BLOCKS, 'its own blocks, once each');
    for (let i = 1; i <= 3; i++) {
      await miner.rpc('generatetoaddress', 1, MINER_ADDRESS);
      await sameTip([miner, full, light], 30_000, BLOCKS + i);
    }
    const hash = await miner.tip();
    const line = new RegExp(`new block height=123 hash=${hash} txs=1 size=\\d+ weight=\\d+`, 'g');
    await until('the lines', 10_000, () => count(full, line) === 1 && count(light, /new header height=123 /g) === 1);
    assert.equal(count(miner, line), 1);
    assert.equal(count(full, /new block /g), 3);
    assert.equal(count(light, /new header /g), 3);
  });

  it('status names the role, on every role', async () => {
    await until('both servers to say that they have the newest block', 30_000, async () => {
      const { agreeing } = await light.rpc<{ agreeing: number }>('getlightinfo');
      return agreeing === 2;
    });
    const [of, ofFull, ofLight] = await Promise.all([status(miner), status(full), status(light)]);
    assert.match(of, /^node +miner on regtest http:\/\/127\.0\.0\.1:\d+\/?$/m);
    assert.match(ofFull, /^node +full on regtest http/m);
    assert.match(ofFull, /^height +123 of 123 headers, 100 %$/m);
    assert.match(ofLight, /^node +light on regtest http/m);
    assert.match(ofLight, /^servers +2 of 2 wanted, 2 with our best header$/m);
    assert.doesNotMatch(of + ofFull, /^servers|undefined/m);
    assert.doesNotMatch(ofLight, /^(mempool|disk) |undefined/m);
  });

  it('status --json has all of it', async () => {
    const json = JSON.parse(await status(light, '--json'));
    assert.deepEqual(
      [json.role, json.network, json.height, json.percent, json.phase],
      ['light', 'regtest', 123, 100, 'synced'],
    );
    assert.deepEqual([json.light, json.warnings], [{ servers: 2, agreeing: 2, wanted: 2 }, []]);
    const ofFull = JSON.parse(await status(full, '--json'));
    assert.deepEqual([ofFull.role, ofFull.light, ofFull.mempool_txs], ['full', undefined, 0]);
  });

  it('status --watch goes on over a restart of the node, and shows its warnings', async () => {
    const args = [MAIN, 'status', '--watch', '--json', '--datadir', light.options.dir];
    const watch = spawn(process.execPath, args, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    watch.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const last = (): { role?: string; error?: string; warnings?: string[] } =>
      JSON.parse(out.trim().split('\n').at(-1) as string);
    try {
      await until('a first status', 20_000, () => last().role === 'light');
      await light.stop();
      await until('the end of the node', 20_000, () => last().error !== undefined);
      await full.stop();
      await light.start();
      await until('a status with a warning', 30_000, () => last().warnings?.some((text) => /only \d of 2/.test(text)));
      assert.match(await status(light), /^WARNING +only \d of 2 full peers/m);
    } finally {
      watch.kill();
    }
  });
});

describe('a long sync', function () {
  this.timeout(120_000);
  const cluster = new Cluster('regtest');
  after(() => cluster.end());

  it('is told every ten seconds, and when it is over', async () => {
    const long = 2000;
    const miner = await (await cluster.add('miner', 'miner', { flags: ['--no-mining-enabled'] })).start();
    for (let made = 0; made < long; made += 200) await miner.rpc('generatetoaddress', 200, MINER_ADDRESS);
    const full = await (await cluster.add('full', 'full', { seeds: [await miner.multiaddr()] })).start();
    await until('a part of the blocks', 30_000, async () => (await full.height()) > 20, 5);
    // The only peer that has the rest falls silent for a while.
    process.kill(miner.pid as number, 'SIGSTOP');
    try {
      const line = /syncing blocks: (\d+) of 2000, ([\d.]+) %/;
      const [, have, percent] = await until('a line', 15_000, () => line.exec(full.output) ?? false);
      assert.equal(Number(percent), Math.floor(Number(have) / 2) / 10);
    } finally {
      process.kill(miner.pid as number, 'SIGCONT');
    }
    await until('the end', 60_000, () => full.output.includes('synced: all 2000 blocks, 100 %'));
    assert.equal(count(full, /new block /g), 0);
  });
});
