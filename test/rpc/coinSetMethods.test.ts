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
