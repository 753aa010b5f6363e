import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

const BLOCKS = 600;

describe('cairn start --reindex', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let node: TestNode;
  let ledger: unknown;
  const ledgerNow = (): Promise<unknown> => node.rpc('getledgerhash');

  before(async () => {
    cluster = new Cluster('regtest');
    node = await (await cluster.add('node', 'full', { flags: ['--block-file-kb', '64'] })).start();
    for (let i = 0; i < BLOCKS; i += 100) await node.rpc('generatetoaddress', 100, MINER_ADDRESS);
    ledger = await ledgerNow();
    assert.equal(await node.stop(), 0);
  });
  after(() => cluster.end());

  for (const flag of ['--reindex', '--reindex-chainstate']) {
    it(`${flag} comes to the same coins, also when it is killed on the way and started again without the flag`, async () => {
      let kills = 0;
      for (const ms of [400, 700, 1000, 1300]) {
        node.spawn(kills === 0 ? [flag] : []);
        await new Promise((resolve) => setTimeout(resolve, ms));
        if (node.alive) kills++;
        await node.stop('SIGKILL');
      }
      assert.ok(kills > 0);
      await node.start();
      assert.deepEqual(await ledgerNow(), ledger);
      assert.equal(await node.stop(), 0);
      await node.start([flag]);
      assert.deepEqual(await ledgerNow(), ledger);
      assert.equal(await node.stop(), 0);
      const { code, out, err } = await runCairn([
        'db',
        'verify',
        '--datadir',
        node.options.dir,
        '--network',
        'regtest',
      ]);
      assert.equal(code, 0, out + err);
    });
  }

  it('a flipped bit in a block file: db verify names it, --reindex passes over it, and peers bring the block again', async () => {
    const path = join(node.options.dir, 'blocks', 'blk00001.dat');
    const good = readFileSync(path);
    const source = await cluster.add('source', 'full');
    const exported = join(cluster.dir, 'all.dat');
    const at = ['--network', 'regtest', '--datadir'];
    assert.equal((await runCairn(['blocks', 'export', ...at, node.options.dir, '--out', exported])).code, 0);
    assert.equal((await runCairn(['blocks', 'import', ...at, source.options.dir, exported])).code, 0);
    const bad = Buffer.from(good);
    bad[20_000] = (bad[20_000] as number) ^ 1;
    writeFileSync(path, bad);
    const verified = await runCairn(['db', 'verify', ...at, node.options.dir]);
    assert.equal(verified.code, 74);
    assert.match(verified.err, /blk00001\.dat: offset \d+: block \d+ .*wrong checksum/);
    assert.match(verified.err, /next: cairn start --reindex/);
    await source.start();
    await node.start(['--reindex', '--seed', await source.multiaddr()]);
    assert.match(node.output, /record skipped.*/);
    await until('the block that was damaged', 30_000, async () =>
      (await node.height()) === BLOCKS ? true : undefined,
    );
    assert.deepEqual(await ledgerNow(), ledger);
    assert.equal(await node.stop(), 0);
    await source.stop();
    assert.equal((await runCairn(['db', 'verify', ...at, node.options.dir, '--coins'])).code, 0);
  });

  it('a database that cannot be opened says what to do, and --reindex does it', async () => {
    const folder = join(node.options.dir, 'chain');
    for (const name of readdirSync(folder).filter((file) => /^(MANIFEST|CURRENT)/.test(file)))
      writeFileSync(join(folder, name), 'damaged');
    node.output = '';
    node.spawn();
    assert.equal(await node.exited(), 74);
    assert.match(node.output, /--reindex/);
    await node.start(['--reindex']);
    assert.deepEqual(await ledgerNow(), ledger);
    assert.equal(await node.stop(), 0);
    assert.equal(existsSync(`${folder}.old`), false);
  });

  it('is refused where it makes no sense: exit 64', async () => {
    const start = (...flags: string[]) => runCairn(['start', '--datadir', join(cluster.dir, 'none'), ...flags]);
    assert.equal((await start('--role', 'light', '--reindex')).code, 64);
    const pruned = await start('--prune', '1', '--reindex-chainstate');
    assert.equal(pruned.code, 64);
    assert.match(pruned.err, /--reindex, which downloads/);
  });
});
