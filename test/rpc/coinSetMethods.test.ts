import assert from 'node:assert/strict';
import { fromHex } from '../../src/util/hex.ts';
import { FakeNode } from './fakeNode.ts';
import { caller, fails } from './setup.ts';

describe('gettxoutsetinfo', () => {
  const node = new FakeNode();
  const call = caller(node.full());
  node.mine([], fromHex(`0014${'22'.repeat(20)}`));
  node.mine();
  const common = { height: 2, bestblock: node.tip.header.id, txouts: 4, bogosize: 204, total_amount: 100 };

  it("answers with the hash that was asked for, first Bitcoin Core's serialized one", async () => {
    const rest = { ...common, transactions: 4, disk_size: 160 };
    assert.deepEqual(await call('gettxoutsetinfo'), { ...rest, hash_serialized_3: '08'.repeat(32) });
    assert.deepEqual(await call('gettxoutsetinfo', 'muhash'), { ...rest, muhash: '09'.repeat(32) });
    assert.deepEqual(await call('gettxoutsetinfo', 'none', null, false), rest);
  });

  it("refuses with Bitcoin Core's words what it cannot tell", async () => {
    await fails(call('gettxoutsetinfo', 'hash_serialized_2'), -8, "'hash_serialized_2' is not a valid hash_type");
    await fails(call('gettxoutsetinfo', ''), -8, "'' is not a valid hash_type");
    const message = 'Querying specific block heights requires coinstatsindex';
    await fails(call('gettxoutsetinfo', 'muhash', 1), -8, message);
    await fails(call('gettxoutsetinfo', 'none', node.tip.header.id), -8, message);
    await fails(call('gettxoutsetinfo', 'nope', 1), -8, "'nope' is not a valid hash_type");
    await fails(call('gettxoutsetinfo', 3), -3, /JSON value of type number is not of expected type string/);
    await fails(call('gettxoutsetinfo', 'none', null, 'yes'), -3, /not of expected type bool/);
  });

  it('is not offered by a node without coins', async () => {
    await fails(caller(node.light())('gettxoutsetinfo'), -32601, /it has no coinSet/);
  });

  it('says that the node is stopping when it was given up', async () => {
    const stopped = new FakeNode();
    stopped.stopped = true;
    await fails(caller(stopped.full())('gettxoutsetinfo'), -9, 'Shutting down');
  });
});

describe('dumptxoutset', () => {
  const node = new FakeNode();
  const call = caller(node.full());
  node.mine();
  node.mine();

  it("answers with Bitcoin Core's fields, for the tip or an earlier block by height or hash", async () => {
    const tip = await call('dumptxoutset', 'a', 'latest');
    assert.deepEqual(tip, {
      coins_written: 4,
      base_hash: node.tip.header.id,
      base_height: 2,
      path: '/data/a',
      txoutset_hash: '08'.repeat(32),
      nchaintx: 3,
    });
    const id = node.active[1]?.header.id as string;
    for (const options of [{ rollback: 1 }, { rollback: id }])
      for (const type of ['rollback', '', null])
        assert.equal((await call('dumptxoutset', 'a', type, options)).base_hash, id);
  });

  it("refuses with Bitcoin Core's words", async () => {
    const which = 'Please specify "rollback" or "latest"';
    await fails(call('dumptxoutset', 'a'), -8, `Invalid snapshot type "" specified. ${which}`);
    await fails(call('dumptxoutset', 'a', 'bogus'), -8, `Invalid snapshot type "bogus" specified. ${which}`);
    const both = call('dumptxoutset', 'a', 'latest', { rollback: 1 });
    await fails(both, -8, 'Invalid snapshot type "latest" specified with rollback option');
    await fails(call('dumptxoutset', 'a', '', { rollback: 3 }), -8, 'Target block height 3 after current tip 2');
    await fails(call('dumptxoutset', 'a', '', { rollback: -1 }), -8, 'Target block height -1 is negative');
    await fails(call('dumptxoutset', 'a', '', { rollback: '00'.repeat(32) }), -5, 'Block not found');
    await fails(call('dumptxoutset', 'a', 'rollback'), -8, /names no snapshot/);
    const refusals = [
      [
        'exists',
        -8,
        /^\/data\/a already exists\. If you are sure this is what you want, move it out of the way first$/,
      ],
      ['cannot-open', -8, "Couldn't open file /data/a.incomplete for writing."],
      ['not-active', -1, 'Could not roll back to requested height.'],
      ['pruned', -1, /already pruned/],
      ['too-far', -1, /more coins have changed/],
      ['stopping', -9, 'Shutting down'],
    ] as const;
    for (const [reason, code, message] of refusals) {
      node.dumpRefusal = reason;
      await fails(call('dumptxoutset', 'a', 'latest'), code, message);
    }
    node.dumpRefusal = undefined;
  });
});

describe('loadtxoutset', () => {
  const node = new FakeNode();
  const call = caller(node.full());
  node.mine();

  it("answers with Bitcoin Core's fields", async () => {
    assert.deepEqual(await call('loadtxoutset', 'a'), {
      coins_loaded: 2,
      tip_hash: node.tip.header.id,
      base_height: 1,
      path: '/data/a',
    });
  });

  it("refuses with Bitcoin Core's codes and words", async () => {
    const refusals = [
      ['cannot-open', -8, "Couldn't open file /data/a for reading."],
      ['malformed', -22, 'Unable to parse metadata: why'],
      ['refused', -32603, 'Unable to load UTXO snapshot: why. (/data/a)'],
    ] as const;
    for (const [reason, code, message] of refusals) {
      node.loadRefusal = { reason, detail: 'why' };
      await fails(call('loadtxoutset', 'a'), code, message);
    }
    node.loadRefusal = undefined;
    await fails(call('loadtxoutset', 5), -3, /type number is not of expected type string/);
  });
});

describe('getchainstates', () => {
  it('tells of the past of a snapshot first, of the active chain last', async () => {
    const node = new FakeNode();
    node.mine();
    const { headers, chainstates } = await caller(node.full())('getchainstates');
    assert.equal(headers, 1);
    const [past, active] = chainstates;
    assert.deepEqual(
      [past.blocks, past.validated, past.snapshot_blockhash, past.verificationprogress],
      [0, true, undefined, 0],
    );
    assert.equal(active.snapshot_blockhash, node.tip.header.id);
    assert.equal(active.bestblockhash, node.tip.header.id);
    assert.deepEqual(
      [active.blocks, active.validated, active.bits, active.coins_db_cache_bytes, active.coins_tip_cache_bytes],
      [1, false, '207fffff', 10, 11],
    );
  });
});
