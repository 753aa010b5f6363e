import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Block } from '../../src/primitives/block.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, type Place, placeOf, regtest, spend } from './regtestMiner.ts';
import { coinsOf, openChain } from './setup.ts';

/** A block of the random tree. */
interface Node {
  readonly block: Block;
  readonly place: Place;
  /** Itself and all ancestors keep the rules. */
  readonly good: boolean;
  readonly parent: Node | undefined;
}

/** How a block is made: on which of the last blocks, and whether it pays itself too much or spends a coin it has not. */
const making = fc.record({
  back: fc.nat({ max: 6 }),
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'none', 'greedy', 'ghost'),
});
/** What happens between two deliveries. */
const happening = fc.constantFrom('nothing', 'nothing', 'nothing', 'kill', 'power cut');

function grow(makings: readonly { back: number; fault: string }[]): Node[] {
  const nodes: Node[] = [];
  const ghost = coinbaseOf(mine({ header: regtest.genesis.header, height: 0 }));
  for (const { back, fault } of makings) {
    const parent = nodes[nodes.length - 1 - back];
    const at = parent?.place ?? { header: regtest.genesis.header, height: 0 };
    const block = mine(at, {
      fees: fault === 'greedy' ? 1n : 0n,
      txs: fault === 'ghost' ? [spend([{ tx: ghost, index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }])] : [],
    });
    const good = fault === 'none' && (parent?.good ?? true);
    nodes.push({ block, place: placeOf(block, at.height + 1), good, parent });
  }
  return nodes;
}

function branchOf(node: Node | undefined): Node[] {
  const out: Node[] = [];
  for (let at = node; at !== undefined; at = at.parent) out.unshift(at);
  return out;
}

describe('chain: random histories', () => {
  it('whatever tree comes in whatever order with whatever crashes: the best complete valid branch, and its coins', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(making, { minLength: 1, maxLength: 25 }),
        fc.infiniteStream(fc.nat()),
        fc.infiniteStream(happening),
        async (makings, picks, happenings) => {
          const nodes = grow(makings);
          const disk = new MemoryDisk();
          let { chain, store } = await openChain(disk);
          const order = nodes
            .map((node) => ({ node, pick: picks.next().value as number }))
            .sort((a, b) => a.pick - b.pick)
            .map(({ node }) => node);
          const delivered = new Set<Node>();
          for (const node of order) {
            await chain.acceptHeaders(branchOf(node).map((n) => n.block));
            await chain.acceptBlock(node.block, { requested: true });
            delivered.add(node);
            const happens = happenings.next().value as string;
            if (happens === 'kill' || happens === 'power cut') {
              await disk.restart(happens);
              ({ chain, store } = await openChain(disk));
            }
            // The model: the highest good block whose whole branch was delivered (all regtest blocks weigh the same).
            let best = 0;
            for (const n of delivered)
              if (n.good && branchOf(n).every((a) => delivered.has(a))) best = Math.max(best, n.place.height);
            assert.equal(chain.tip().height, best);
          }
          for (const node of nodes) {
            const entry = chain.entry(node.block.header.hash);
            // A power cut may lose headers, never a body that was judged; the good are never marked.
            if (node.good && entry !== undefined) assert.ok(entry.status === 'valid' || entry.status === 'stored');
            if (!node.good && entry !== undefined) assert.notEqual(entry.status, 'valid');
          }
          // A twin that saw the winning branch only has the same coins.
          const twin = await openChain();
          for (let height = 1; height <= chain.tip().height; height++) {
            const entry = chain.atHeight(height);
            const block = entry === undefined ? undefined : await chain.readBlock(entry);
            assert.ok(block !== undefined);
            assert.equal((await twin.chain.acceptBlock(block)).ok, true);
          }
          assert.deepEqual(await coinsOf(store), await coinsOf(twin.store));
        },
      ),
      { numRuns: 300 },
    );
  });
});
