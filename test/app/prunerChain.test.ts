import assert from 'node:assert/strict';
import { Pruner } from '../../src/app/pruner.ts';
import { KEEP_BLOCKS } from '../../src/chain/pruning.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { KvChainStore } from '../../src/store/chainStore.node.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { mineChain, placeOf } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain, openStore, outcomeOf, type TestChain } from '../chain/setup.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';

/** About a dozen blocks. */
const FILE_BYTES = 3000;
/** Somewhat more than the blocks take that always stay. */
const TARGET = 110_000;

interface Pruned extends TestChain {
  readonly store: KvChainStore;
  readonly lifetime: Lifetime;
  /** Files of each prune that deleted some. */
  readonly prunes: number[];
}

async function open(disk: MemoryDisk): Promise<Pruned> {
  const store = await openStore(disk, { maxFileBytes: FILE_BYTES });
  const { chain, evidence } = await openChain(disk, { store });
  const lifetime = new Lifetime();
  const prunes: number[] = [];
  const log = { ...silentLogger, info: (fields: { readonly files?: number }) => void prunes.push(fields.files ?? 0) };
  new Pruner({
    ...{ chain, store, bytes: TARGET, lifetime },
    log: log as never,
    fail: (error) => assert.fail(String(error)),
  });
  // What it began at the start is done before what follows.
  await chain.prune({ upTo: 0 });
  return { chain, evidence, store, lifetime, prunes };
}

async function close({ chain, store, lifetime }: Pruned): Promise<void> {
  await lifetime.close();
  await chain.close();
  await store.close();
}

describe('app: automatic pruning of a chain that outgrows its target', function () {
  this.timeout(120_000);

  it('goes on past many prunes, restarts, a kill and a reorganisation down to the edge, and never deletes what it needs', async () => {
    const disk = new MemoryDisk();
    let node = await open(disk);
    let largest = 0;
    /** Blocks that are all connected; after each the files are within the target and what one more of each kind takes. */
    const grow = async (blocks: readonly Block[]): Promise<void> => {
      for (const block of blocks) {
        assert.equal(outcomeOf(await node.chain.acceptBlock(block)), 'connected');
        const used = await node.store.sizeOnDisk();
        largest = Math.max(largest, used);
        const { height } = node.chain.tip();
        assert.ok(used <= TARGET + 2 * FILE_BYTES, `${used} bytes at height ${height}`);
        assert.ok((node.chain.prunedBelow() ?? 0) <= Math.max(0, height - KEEP_BLOCKS + 1), `height ${height}`);
      }
    };
    let blocks = mineChain(node.chain.genesis, 500);
    await grow(blocks);
    assert.ok(node.prunes.length >= 3, `${node.prunes.length} prunes`);
    assert.ok(largest > TARGET);
    let lowest = node.chain.prunedBelow() ?? 0;

    // A restart in between, and one after a kill, go on where it was.
    await close(node);
    node = await open(disk);
    assert.equal(node.chain.prunedBelow(), lowest);
    let tip = node.chain.tip();
    blocks = mineChain(tip, 150);
    await grow(blocks);
    assert.ok((node.chain.prunedBelow() ?? 0) > lowest);
    await node.lifetime.close();
    await disk.restart('kill');
    node = await open(disk);
    tip = node.chain.tip();
    assert.equal(tip.header.id, blocks.at(-1)?.header.id);

    // The deepest branch that can be followed forks off right below the lowest block; one below it is refused.
    lowest = node.chain.prunedBelow() ?? 0;
    assert.ok(lowest > 100 && lowest <= tip.height - KEEP_BLOCKS + 1, `lowest ${lowest}`);
    const edge = node.chain.atHeight(lowest - 1);
    const below = node.chain.atHeight(lowest - 2);
    assert.ok(edge !== undefined && below !== undefined);
    assert.equal(edge.hasBody, false);
    const branch = mineChain(edge, tip.height - edge.height + 1);
    await node.chain.acceptHeaders(branch);
    await acceptAll(node.chain, branch);
    assert.equal(node.chain.tip().header.id, branch.at(-1)?.header.id, 'the tip went back to the edge');
    const [tooLow] = mineChain(below, 1) as [Block];
    assert.equal(outcomeOf(await node.chain.acceptBlock(tooLow, { requested: true })), 'fork-below-pruned');

    // Twice as many blocks stay while both branches are new; when they are old, both go.
    blocks = mineChain(placeOf(branch.at(-1) as Block, edge.height + branch.length), KEEP_BLOCKS + 60);
    await acceptAll(node.chain, blocks);
    await node.chain.prune({ upTo: 0 });
    assert.ok((await node.store.sizeOnDisk()) <= TARGET + 2 * FILE_BYTES, 'the branch that lost is gone, too');
    assert.ok((node.chain.prunedBelow() ?? 0) > edge.height + 1);
    await close(node);

    // The coins are those of the chain, whatever was deleted.
    node = await open(disk);
    assert.equal(node.chain.tip().header.id, blocks.at(-1)?.header.id);
    assert.equal((await coinsOf(node.store)).length, node.chain.tip().height);
    await close(node);
  });
});
