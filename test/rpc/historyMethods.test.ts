import assert from 'node:assert/strict';
import { decodeBlock } from '../../src/primitives/block.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';
import { FakeNode } from './fakeNode.ts';
import { caller, fails, type Loose } from './setup.ts';

const ZERO = '00'.repeat(32);

describe('getblockstats', () => {
  it("computes Bitcoin Core's vectors", async function () {
    const { blocks, stats } = vectorJson<{ blocks: string[]; stats: Loose[] }>(this, 'core/rpc_getblockstats.json');
    const node = new FakeNode();
    // The first block of the file is genesis, which the node has.
    for (const hex of blocks.slice(1)) {
      const verdict = node.submit(decodeBlock(fromHex(hex)));
      assert.deepEqual(verdict, { ok: true, value: { result: 'connected' } });
    }
    const call = caller(node.full());
    assert.ok(stats.length > 0);
    for (const expected of stats) {
      assert.deepEqual(await call('getblockstats', expected.blockhash), expected);
      assert.deepEqual(await call('getblockstats', expected.height), expected);
      for (const name of Object.keys(expected)) {
        assert.deepEqual(await call('getblockstats', expected.height, [name]), { [name]: expected[name] });
      }
    }
  });

  it('counts the genesis coinbase as no coin', async () => {
    const stats = await caller(new FakeNode().full())('getblockstats', 0);
    assert.deepEqual([stats.txs, stats.outs, stats.utxo_increase, stats.utxo_increase_actual], [1, 1, 1, 0]);
  });

  it('refuses what is no block and no statistic', async () => {
    const call = caller(new FakeNode().full());
    await fails(call('getblockstats', -1), -8, 'Target block height -1 is negative');
    await fails(call('getblockstats', 1), -8, 'Target block height 1 after current tip 0');
    await fails(call('getblockstats', ZERO), -5, 'Block not found');
    await fails(call('getblockstats', 0, ['nosuch']), -8, "Invalid selected statistic 'nosuch'");
    await fails(call('getblockstats', 0, ['constructor']), -8, "Invalid selected statistic 'constructor'");
    await fails(call('getblockstats', 0, [5]), -3, 'JSON value of type number is not of expected type string');
    await fails(call('getblockstats', true), -3, 'JSON value of type bool is not of expected type number');
  });
});

describe('getdeploymentinfo', () => {
  it('tells which rules the next block must obey, and the script flags of the block itself', async () => {
    const node = new FakeNode();
    node.mine();
    const call = caller(node.full());
    const { deployments, script_flags: flags, height } = await call('getdeploymentinfo');
    assert.equal(height, 1);
    assert.deepEqual(deployments.segwit, { type: 'buried', active: true, height: 0 });
    assert.deepEqual(Object.keys(deployments), ['bip34', 'bip66', 'bip65', 'csv', 'segwit', 'taproot']);
    assert.deepEqual(flags, [
      'CHECKLOCKTIMEVERIFY',
      'CHECKSEQUENCEVERIFY',
      'DERSIG',
      'NULLDUMMY',
      'P2SH',
      'TAPROOT',
      'WITNESS',
    ]);
    const genesis = await call('getdeploymentinfo', await call('getblockhash', 0));
    assert.deepEqual(genesis.deployments, deployments);
    assert.deepEqual(genesis.script_flags, ['NULLDUMMY', 'P2SH', 'TAPROOT', 'WITNESS']);
    await fails(call('getdeploymentinfo', ZERO), -5, 'Block not found');
  });

  it('has three script flags long before their rules, but for the blocks that a network excepts', async () => {
    const node = new FakeNode('bitcoin-main');
    const call = caller(node.full());
    assert.deepEqual((await call('getdeploymentinfo')).script_flags, ['P2SH', 'TAPROOT', 'WITNESS']);
    const { scriptFlags } = node.network.consensus.exceptions as NonNullable<typeof node.network.consensus.exceptions>;
    for (const { block, flags } of scriptFlags) {
      Object.assign(node.tip, { header: { id: block } });
      assert.deepEqual((await call('getdeploymentinfo')).script_flags, [...flags].sort());
    }
  });
});

describe('getchaintxstats', () => {
  it('counts a window of blocks', async () => {
    const node = new FakeNode();
    for (let i = 0; i < 30; i++) node.mine();
    const call = caller(node.full());
    const stats = await call('getchaintxstats', 10);
    assert.deepEqual(
      [stats.window_block_count, stats.window_tx_count, stats.window_interval, stats.txrate],
      [10, 10, 10, 1],
    );
    assert.equal(stats.window_final_block_hash, node.tip.header.id);
    assert.equal((await call('getchaintxstats')).window_block_count, 29);
    assert.equal(
      (await call('getchaintxstats', 5, node.active[10]?.header.id as string)).window_final_block_height,
      10,
    );
    assert.equal((await call('getchaintxstats', 0)).window_interval, undefined);
    for (const bad of [-1, 30, 31]) await fails(call('getchaintxstats', bad), -8, /^Invalid block count/);
    await fails(call('getchaintxstats', 1, ZERO), -5, 'Block not found');
  });

  it('tells the transactions of the whole chain, and leaves out what cannot be known below a snapshot', async () => {
    const node = new FakeNode();
    for (let i = 0; i < 30; i++) node.mine();
    const call = caller(node.full());
    assert.equal((await call('getchaintxstats', 10)).txcount, 31);
    // The operator says that there are 1,000 up to block 25; of those below nothing is known.
    node.chainTx = (height) => (height < 25 ? undefined : 1000 + height - 25);
    const within = await call('getchaintxstats', 5);
    assert.deepEqual([within.txcount, within.window_tx_count, within.txrate], [1005, 5, 1]);
    const across = await call('getchaintxstats', 6);
    assert.deepEqual([across.txcount, across.window_interval], [1005, 6]);
    assert.ok(!('window_tx_count' in across) && !('txrate' in across));
    const below = await call('getchaintxstats', 3, node.active[20]?.header.id as string);
    assert.ok(!('txcount' in below) && !('window_tx_count' in below));
  });

  it('works on a new chain', async () => {
    assert.equal((await caller(new FakeNode().full())('getchaintxstats')).window_block_count, 0);
  });
});
