import assert from 'node:assert/strict';
import { ChainTxCounts } from '../../src/app/backend/chainTx.ts';
import type { ChainManager } from '../../src/chain/chainManager.ts';
import type { Block } from '../../src/primitives/block.ts';
import { acceptAll } from '../chain/setup.ts';
import { BASE, baseOf, CHAIN_TX, load, newNode, OWN, type Story, tellStory, validate } from '../chain/snapshotStory.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';

describe('the transactions of a chain up to a block', () => {
  let story: Story;
  before(async () => {
    story = await tellStory();
  });

  /** Counted one by one. */
  const truth = (height: number): number =>
    1 + story.blocks.slice(0, height).reduce((sum, { txs }) => sum + txs.length, 0);
  const at = (chain: ChainManager, height: number) => chain.atHeight(height) as NonNullable<typeof chain.genesis>;

  it('are counted from genesis on, whatever was asked before', async () => {
    const node = await newNode(story);
    await acceptAll(node.chain, story.blocks);
    const counts = new ChainTxCounts(node.chain);
    for (const height of [110, 110, 50, 0, 104, 109]) assert.equal(counts.upTo(at(node.chain, height)), truth(height));
  });

  it('are what the snapshot says up to its base, unknown below, and counted once that is validated', async () => {
    const node = await newNode(story);
    const { chain } = node;
    const counts = new ChainTxCounts(chain);
    assert.equal(counts.upTo(baseOf(chain, story)), undefined, 'headers only');
    const claimed = 5000;
    assert.notEqual(claimed, CHAIN_TX);
    await load(node, story, story.coins, story.hash, claimed);
    assert.equal(counts.upTo(chain.tip()), claimed);
    assert.equal(counts.upTo(at(chain, OWN)), truth(OWN));
    assert.equal(counts.upTo(at(chain, OWN + 1)), undefined);
    await acceptAll(chain, story.blocks.slice(BASE));
    assert.equal(counts.upTo(chain.tip()), claimed + truth(110) - truth(BASE));
    for (const block of story.blocks.slice(OWN + 1, BASE)) await chain.acceptBlock(block, { requested: true });
    assert.equal(counts.upTo(at(chain, BASE - 1)), undefined, 'one body is missing');
    await chain.acceptBlock(story.blocks[OWN] as Block, { requested: true });
    assert.equal(counts.upTo(at(chain, BASE - 1)), truth(BASE - 1));
    assert.equal(counts.upTo(at(chain, BASE)), claimed);
    assert.equal(await (await validate(node, new MemoryDisk())).run(), 'judged');
    assert.equal(counts.upTo(chain.tip()), truth(110));
  });
});
