import assert from 'node:assert/strict';
import { broken, PASSED } from '../../src/primitives/rules.ts';
import { mineChain } from './regtestMiner.ts';
import { openChain, outcomeOf } from './setup.ts';

describe('chain: no room for blocks', () => {
  it('turns a block away whole, asked for or not, and takes it when there is room again', async () => {
    let full = true;
    const asked: number[] = [];
    const { chain } = await openChain(undefined, {
      room: async (bytes) => {
        asked.push(bytes);
        return full ? broken('no-disk-space', 'test') : PASSED;
      },
    });
    const [a, b] = mineChain(chain.genesis, 2);
    assert.ok(a && b);
    assert.equal(outcomeOf(await chain.acceptBlock(a, { requested: true })), 'no-disk-space');
    assert.equal(outcomeOf(await chain.acceptBlock(a)), 'no-disk-space');
    // Its header would point at a block that maybe nobody has.
    assert.equal(chain.entry(a.header.hash), undefined);
    assert.deepEqual(asked, [a.size, a.size]);
    await chain.acceptHeaders([a, b]);
    assert.equal(chain.bestHeader().height, 2);
    assert.equal(outcomeOf(await chain.acceptBlock(a)), 'no-disk-space');
    assert.equal(chain.entry(a.header.hash)?.status, 'header');
    full = false;
    assert.equal(outcomeOf(await chain.acceptBlock(a)), 'connected');
    full = true;
    assert.equal(outcomeOf(await chain.acceptBlock(a)), 'known');
    assert.equal(outcomeOf(await chain.acceptBlock(b)), 'no-disk-space');
    assert.equal(chain.tip().height, 1);
  });
});
