import { strict as assert } from 'node:assert';
import { encodeSealedBlock } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { fieldsOf, mine, mineChain, regtest } from '../chain/regtestMiner.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

/** What is free to make is free to send; gossip remembers each message for minutes. */
describe('relay: gossip that leads nowhere', function () {
  this.timeout(20_000);
  let clock: SimClock;
  let sim: SimNet;
  let a: SimNode;
  beforeEach(async () => {
    clock = new SimClock();
    sim = new SimNet(clock);
    a = await SimNode.open(sim, 'a');
    sim.add('liar');
    sim.connect('a', 'liar');
    await clock.run(200);
  });
  afterEach(() => a.close());

  const orphan = (i: number): Uint8Array => {
    const prevHash = new Uint8Array(32).fill(0x77);
    new DataView(prevHash.buffer).setUint32(0, i);
    const header = new BlockHeader({ ...fieldsOf(regtest.genesis.header), prevHash });
    return encodeSealedHeader({ header, seal: new Uint8Array(0) });
  };

  it('20,000 headers without parent are ignored, more are a flood', async () => {
    for (let i = 0; i < 20_000; i++) assert.equal(await a.relay.gossip.header('liar', orphan(i)), 'ignore');
    assert.deepEqual(a.net.rulesAgainst('liar'), []);
    assert.equal(await a.relay.gossip.header('liar', orphan(20_000)), 'ignore');
    assert.deepEqual(a.net.rulesAgainst('liar'), ['header-flood']);
  });

  it('old news that is good is never a flood', async () => {
    const blocks = mineChain(a.chain.tip(), 30);
    await a.load(blocks);
    for (let round = 0; round < 800; round++)
      for (const block of blocks)
        assert.notEqual(await a.relay.gossip.header('liar', encodeSealedHeader(block)), 'reject');
    const block = mine(a.chain.tip());
    assert.equal(await a.relay.gossip.block('liar', encodeSealedBlock(block)), 'accept');
    assert.deepEqual(a.net.rulesAgainst('liar'), []);
  });
});
