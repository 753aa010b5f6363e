import { strict as assert } from 'node:assert';
import { Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { coinbaseOf, mine } from '../chain/regtestMiner.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

/** Gossip knows messages by their bytes: a bad copy of the tip is a message of its own, and must not travel in our name. */
describe('relay: bad copies of what is known', () => {
  let a: SimNode;
  beforeEach(async () => {
    const clock = new SimClock();
    const sim = new SimNet(clock);
    a = await SimNode.open(sim, 'a');
    sim.add('liar');
    sim.connect('a', 'liar');
    await clock.run(200);
    const block = mine(a.chain.tip());
    assert.equal(await a.relay.gossip.block('liar', encodeSealedBlock(block)), 'accept');
  });
  afterEach(() => a.close());

  async function tipBlock(): Promise<Block> {
    return (await a.chain.readBlock(a.chain.tip())) as Block;
  }

  it('a block with the tip’s header and another body is rejected and blamed', async () => {
    const { header } = await tipBlock();
    const copy = new Block(header, [coinbaseOf(mine(a.chain.genesis))]);
    assert.equal(await a.relay.gossip.block('liar', encodeSealedBlock(copy)), 'reject');
    assert.deepEqual(a.net.rulesAgainst('liar'), ['bad-txnmrklroot']);
    assert.equal(a.chain.tip().header.key, header.key);
  });

  it('the tip’s block and header with a seal they cannot have are rejected and blamed', async () => {
    const { header, txs } = await tipBlock();
    const seal = new Uint8Array(65);
    assert.equal(await a.relay.gossip.block('liar', encodeSealedBlock(new Block(header, txs, seal))), 'reject');
    assert.equal(await a.relay.gossip.header('liar', encodeSealedHeader({ header, seal })), 'reject');
    assert.deepEqual(a.net.rulesAgainst('liar'), ['bad-seal', 'bad-seal']);
  });

  it('the good copies are passed on as before', async () => {
    const tip = await tipBlock();
    assert.equal(await a.relay.gossip.block('liar', encodeSealedBlock(tip)), 'accept');
    assert.equal(await a.relay.gossip.header('liar', encodeSealedHeader(tip)), 'accept');
    assert.deepEqual(a.net.rulesAgainst('liar'), []);
  });
});
