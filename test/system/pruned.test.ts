import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import { sameTip, type TestNode } from '../support/nodeProcess.ts';
import { RpcFailure } from '../support/rpcCall.ts';
import { until } from '../support/wait.ts';

interface ChainInfo {
  readonly blocks: number;
  readonly pruned: boolean;
  readonly pruneheight: number;
  readonly automatic_pruning: boolean;
  readonly prune_target_size?: number;
}

const refuses = (code: number, message: string) => (error: unknown) =>
  error instanceof RpcFailure && error.code === code && error.message.includes(message);

describe('a pruned node', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let node: TestNode;
  /** The first 700 blocks. */
  let older: string;
  const filesOf = (kind: string): string[] =>
    readdirSync(join(node.options.dir, 'blocks')).filter((name) => name.startsWith(kind));
  const mine = (count: number): Promise<string[]> => node.rpc<string[]>('generatetoaddress', count, MINER_ADDRESS);

  before(async () => {
    cluster = new Cluster('regtest');
    node = await (await cluster.add('pruned', 'full', { flags: ['--prune', '1', '--block-file-kb', '64'] })).start();
    for (let i = 0; i < 8; i++) await mine(100);
    await node.stop();
    older = join(cluster.dir, 'older.dat');
    const args = [
      'blocks',
      'export',
      '--datadir',
      node.options.dir,
      '--network',
      'regtest',
      '--to',
      '700',
      '--out',
      older,
    ];
    assert.equal((await runCairn(args)).code, 0);
    await node.start();
  });
  after(() => cluster.end());

  it('deletes nothing by itself in manual mode, and refuses heights as Bitcoin Core does', async () => {
    const info = await node.rpc<ChainInfo>('getblockchaininfo');
    assert.equal(info.pruned, true);
    assert.equal(info.pruneheight, 0);
    assert.equal(info.automatic_pruning, false);
    assert.equal(info.prune_target_size, undefined);
    assert.ok(filesOf('blk').length >= 3);
    await assert.rejects(node.rpc('pruneblockchain', -1), refuses(-8, 'Negative block height.'));
    await assert.rejects(
      node.rpc('pruneblockchain', 801),
      refuses(-8, 'Blockchain is shorter than the attempted prune height.'),
    );
    await assert.rejects(
      node.rpc('pruneblockchain', 2_100_000_000),
      refuses(-8, 'Could not find block with at least the specified timestamp.'),
    );
  });

  it('pruneblockchain deletes whole files and tells what is left', async () => {
    const files = filesOf('blk').length;
    const hash = await node.rpc('getblockhash', 1);
    const last = await node.rpc<number>('pruneblockchain', 800);
    assert.ok(last > 200 && last <= 800 - 288, `pruned up to ${last}`);
    assert.ok(filesOf('blk').length < files);
    const info = await node.rpc<ChainInfo>('getblockchaininfo');
    assert.equal(info.pruneheight, last + 1);
    await assert.rejects(node.rpc('getblock', hash), refuses(-1, 'Block not available (pruned data)'));
    await node.rpc('getblockheader', hash);
    await node.rpc('getblock', await node.rpc('getblockhash', last + 1));
    const services = await node.rpc<{ localservicesnames: string[] }>('getnetworkinfo');
    assert.ok(services.localservicesnames.includes('NETWORK_LIMITED'));
    assert.ok(!services.localservicesnames.includes('NETWORK'));
    await assert.rejects(node.rpc('getrawtransaction', '11'.repeat(32)), refuses(-5, 'Use -txindex'));
  });

  it('goes on after kill -9 and a restart, and db verify finds nothing wrong', async () => {
    const before = await node.rpc<ChainInfo>('getblockchaininfo');
    await node.stop('SIGKILL');
    const verified = await runCairn(['db', 'verify', '--datadir', node.options.dir, '--network', 'regtest']);
    assert.equal(verified.code, 0, verified.out + verified.err);
    assert.match(verified.out, /blocks of the chain have no body/);
    await node.start();
    const after = await node.rpc<ChainInfo>('getblockchaininfo');
    assert.equal(after.pruneheight, before.pruneheight);
    assert.equal(after.blocks, 800);
    await mine(3);
  });

  it('serves its newest blocks to whoever has the older ones; who has none gets headers only', async () => {
    const seeds = [await node.multiaddr()];
    const empty = await (await cluster.add('empty', 'full', { seeds })).start();
    await until('the headers', 30_000, async () => {
      const { headers } = await empty.rpc<{ headers: number }>('getblockchaininfo');
      return headers === 803 ? true : undefined;
    });
    assert.equal(await empty.height(), 0);
    await empty.stop();
    const other = await cluster.add('other', 'full', { seeds });
    const imported = await runCairn([
      'blocks',
      'import',
      '--datadir',
      other.options.dir,
      '--network',
      'regtest',
      older,
    ]);
    assert.equal(imported.code, 0, imported.err);
    await other.start();
    await sameTip([node, other], 30_000, 803);
    await other.stop();
  });

  it('cannot be opened unpruned: exit 78', async () => {
    assert.equal(await node.stop(), 0);
    const { code, err } = await runCairn([
      ...['start', '--datadir', node.options.dir, '--network', 'regtest', '--no-rpc-enabled', '--no-ops-enabled'],
      ...['--listen', '/ip4/127.0.0.1/tcp/0'],
    ]);
    assert.equal(code, 78, err);
    assert.match(err, /was pruned: blocks below \d+ are gone/);
  });

  it('prune and txindex together, and small targets, are refused: exit 64', async () => {
    const check = (...flags: string[]) =>
      runCairn(['config', 'check', '--datadir', join(cluster.dir, 'none'), ...flags]);
    const both = await check('--prune', '1', '--txindex');
    assert.equal(both.code, 64);
    assert.match(both.err, /prune mode is incompatible with txindex/);
    const small = await check('--prune', '549');
    assert.equal(small.code, 64);
    assert.match(small.err, /at least 550/);
    assert.equal((await check('--prune', '550')).code, 0);
  });
});
