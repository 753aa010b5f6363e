import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PoolNode } from '../../src/mempool/poolNode.ts';
import { type BlockLimits, selectForBlock } from '../../src/mempool/select.ts';
import { TxGraph } from '../../src/mempool/txGraph.ts';
import { type NodeOptions, node } from './graphSetup.ts';

const ROOMY: BlockLimits = { maxWeight: 3_996_000, maxSigopCost: 79_600 };

describe('mempool: selection for a block', () => {
  let graph: TxGraph;
  beforeEach(() => {
    graph = new TxGraph(() => {});
  });
  function add(options: NodeOptions): PoolNode {
    const n = node(options);
    graph.add(n);
    return n;
  }
  const chosen = (limits: BlockLimits = ROOMY): PoolNode[] => selectForBlock(graph, limits);

  it('an empty pool gives nothing', () => {
    assert.deepEqual(chosen(), []);
  });

  it('better fee rates first, earlier first among equals', () => {
    const low = add({ fee: 1000 });
    const high = add({ fee: 9000 });
    const same = add({ fee: 1000 });
    assert.deepEqual(chosen(), [high, low, same]);
  });

  it('a child pays for its parent', () => {
    const other = add({ fee: 5000 });
    const parent = add({ fee: 100 });
    const child = add({ fee: 30_000, parents: [parent] });
    assert.deepEqual(chosen(), [parent, child, other]);
    assert.deepEqual(chosen({ ...ROOMY, maxWeight: parent.tx.weight + child.tx.weight }), [parent, child]);
  });

  it('a rich parent does not carry a poor child', () => {
    const parent = add({ fee: 50_000 });
    const child = add({ fee: 100, parents: [parent] });
    const other = add({ fee: 9000 });
    assert.deepEqual(chosen(), [parent, other, child]);
  });

  it('after a package, what shares its ancestors is rated anew', () => {
    const parent = add({ fee: 100 });
    const rich = add({ fee: 60_000, parents: [parent] });
    const sibling = add({ fee: 11_000, parents: [parent] });
    const other = add({ fee: 8000 });
    // With the parent to pay for, the sibling is worse than `other`; without, better.
    assert.ok(sibling.withAncestors.fee / sibling.withAncestors.vsize < Number(other.fee) / other.vsize);
    assert.deepEqual(chosen(), [parent, rich, sibling, other]);
  });

  it('skips a package that does not fit and goes on with smaller ones', () => {
    const big = add({ fee: 900_000, padding: 50_000 });
    const small = add({ fee: 1000 });
    assert.deepEqual(chosen({ ...ROOMY, maxWeight: big.tx.weight - 1 }), [small]);
    assert.deepEqual(chosen({ ...ROOMY, maxWeight: big.tx.weight }), [big]);
  });

  it('a package that did not fit may fit when a part of it came in with another', () => {
    const parent = add({ fee: 40_000, padding: 3000 });
    const child = add({ fee: 90_000, parents: [parent] });
    const limit = parent.tx.weight + child.tx.weight;
    assert.deepEqual(chosen({ ...ROOMY, maxWeight: limit }), [parent, child]);
    assert.deepEqual(chosen({ ...ROOMY, maxWeight: limit - 1 }), [parent]);
  });

  it('keeps within the signature operations', () => {
    const many = add({ fee: 900_000, sigopCost: 60_000 });
    const few = add({ fee: 1000, sigopCost: 100 });
    assert.deepEqual(chosen({ ...ROOMY, maxSigopCost: 59_999 }), [few]);
    assert.deepEqual(chosen({ ...ROOMY, maxSigopCost: 60_000 }), [many]);
  });

  it('any graph: parents first, within limits, each once, and never worse than by admission order', () => {
    const spec = fc.array(
      fc.record({
        fee: fc.nat({ max: 50_000 }),
        padding: fc.nat({ max: 2000 }),
        sigopCost: fc.nat({ max: 200 }),
        parents: fc.array(fc.nat({ max: 40 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(spec, fc.integer({ min: 1000, max: 200_000 }), fc.integer({ min: 0, max: 3000 }), (specs, w, s) => {
        const g = new TxGraph(() => {});
        const nodes: PoolNode[] = [];
        for (const { fee, padding, sigopCost, parents } of specs) {
          const chosenParents = [...new Set(parents)].flatMap((p) => nodes[p] ?? []);
          const n = node({ fee, padding, sigopCost, parents: chosenParents });
          g.add(n);
          nodes.push(n);
        }
        const limits = { maxWeight: w, maxSigopCost: s };
        const picked = selectForBlock(g, limits);
        const seen = new Set<PoolNode>();
        for (const n of picked) {
          assert.ok(!seen.has(n));
          for (const parent of n.parents) assert.ok(seen.has(parent), 'a parent is missing or comes later');
          seen.add(n);
        }
        assert.ok(picked.reduce((sum, n) => sum + n.tx.weight, 0) <= w);
        assert.ok(picked.reduce((sum, n) => sum + n.sigopCost, 0) <= s);
        // Nothing that fits with all its parents in place was left out.
        const weight = picked.reduce((sum, n) => sum + n.tx.weight, 0);
        const sigops = picked.reduce((sum, n) => sum + n.sigopCost, 0);
        for (const n of nodes) {
          if (seen.has(n) || ![...n.parents].every((p) => seen.has(p))) continue;
          assert.ok(weight + n.tx.weight > w || sigops + n.sigopCost > s, 'it would have fitted');
        }
      }),
      { numRuns: 200 },
    );
  });
});
