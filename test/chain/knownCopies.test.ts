import assert from 'node:assert/strict';
import { Block } from '../../src/primitives/block.ts';
import { Tx } from '../../src/primitives/tx.ts';
import { coinbaseOf, mine } from './regtestMiner.ts';
import { openChain, outcomeOf } from './setup.ts';

/** What is known of a hash says nothing of the copy at hand (protocol §1.3 rule S1, CVE-2012-2459). */
describe('chain: copies of what is known', () => {
  it('a bad seal is refused after the header came alone, and the good copy is taken', async () => {
    const { chain } = await openChain();
    const good = mine(chain.genesis);
    assert.equal((await chain.acceptHeaders([good])).error, undefined);
    const copy = new Block(good.header, good.txs, Uint8Array.of(1));
    assert.equal(outcomeOf(await chain.acceptBlock(copy, { requested: true })), 'bad-seal');
    assert.equal((await chain.acceptHeaders([copy])).error?.rule, 'bad-seal');
    assert.equal(chain.tip(), chain.genesis);
    assert.equal(outcomeOf(await chain.acceptBlock(good)), 'connected');
    assert.deepEqual((await chain.readBlock(chain.tip()))?.seal, new Uint8Array(0));
  });

  it('a bad copy of a block that is there is refused and changes nothing', async () => {
    const { chain } = await openChain();
    const good = mine(chain.genesis);
    await chain.acceptBlock(good);
    const cb = coinbaseOf(good);
    const witness = cb.inputs.map((input) => ({ ...input, witness: [new Uint8Array(32).fill(7)] }));
    const { version, outputs, lockTime } = cb;
    const copies: readonly (readonly [Block, string])[] = [
      [new Block(good.header, [new Tx({ version, inputs: witness, outputs, lockTime })]), 'bad-witness-merkle-match'],
      [new Block(good.header, [coinbaseOf(mine(chain.genesis))]), 'bad-txnmrklroot'],
      [new Block(good.header, good.txs, Uint8Array.of(1)), 'bad-seal'],
    ];
    for (const [copy, rule] of copies) assert.equal(outcomeOf(await chain.acceptBlock(copy)), rule);
    assert.equal(outcomeOf(await chain.acceptBlock(good)), 'known');
    assert.equal(chain.tip().header.key, good.header.key);
    assert.equal(chain.tip().status, 'valid');
    assert.equal(outcomeOf(await chain.acceptBlock(mine(chain.tip()))), 'connected');
  });

  it('another seal of genesis is refused', async () => {
    const { chain } = await openChain();
    const outcome = await chain.acceptHeaders([{ header: chain.genesis.header, seal: Uint8Array.of(1) }]);
    assert.equal(outcome.error?.rule, 'bad-seal');
  });
});
