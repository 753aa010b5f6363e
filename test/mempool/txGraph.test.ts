import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EvictionQueue } from '../../src/mempool/evict.ts';
import { Heap } from '../../src/mempool/heap.ts';
import type { PoolNode } from '../../src/mempool/poolNode.ts';
import { TxGraph } from '../../src/mempool/txGraph.ts';
import { node } from './graphSetup.ts';

describe('mempool: heap', () => {
  it('gives numbers in order, whether pushed or taken over', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (given, pushed) => {
        const heap = new Heap<number>((a, b) => a < b, [...given]);
        for (const n of pushed) heap.push(n);
        const out: number[] = [];
        for (let n = heap.pop(); n !== undefined; n = heap.pop()) out.push(n);
        assert.deepEqual(
          out,
          [...given, ...pushed].sort((a, b) => a - b),
        );
      }),
    );
  });
});

describe('mempool: graph', () => {
  it('refuses what would break it: twice the same, removal from the middle', () => {
    const graph = new TxGraph(() => {});
    const a = node({ fee: 1 });
    graph.add(a);
    assert.throws(() => graph.add(a), /there already/);
    const b = node({ fee: 1, parents: [a] });
    graph.add(b);
    const c = node({ fee: 1, parents: [b] });
    graph.add(c);
    assert.throws(() => graph.remove(b), /middle/);
  });

  it('removes with all descendants, children before parents', () => {
    const graph = new TxGraph(() => {});
    const a = node({ fee: 1 });
    graph.add(a);
    const b = node({ fee: 1, parents: [a] });
    graph.add(b);
    const c = node({ fee: 1, parents: [a, b] });
    graph.add(c);
    const other = node({ fee: 1 });
    graph.add(other);
    assert.deepEqual(graph.removeWithDescendants([a]), [c, b, a]);
    assert.deepEqual([...graph.nodes()], [other]);
    assert.equal(graph.bytes, other.tx.size);
    assert.equal(graph.memory, other.memory);
  });

  it('the worst package is always the one that a search of everything finds', () => {
    const action = fc.record({
      add: fc.boolean(),
      fee: fc.nat({ max: 9999 }),
      parent: fc.nat({ max: 50 }),
      child: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const eviction = new EvictionQueue();
        const graph: TxGraph = new TxGraph((n) => eviction.rescored(n, graph));
        for (const { add, fee, parent, child } of actions) {
          const live = [...graph.nodes()];
          const chosen = live[parent % Math.max(1, live.length)];
          if (add || chosen === undefined) graph.add(node({ fee, parents: child && chosen ? [chosen] : [] }));
          else if (chosen.parents.size === 0 && child) graph.remove(chosen);
          else graph.removeWithDescendants([chosen]);
          assert.equal(eviction.worst(), slowWorst([...graph.nodes()]));
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Lowest of max(own rate, rate with descendants); the latest among equals. */
function slowWorst(nodes: readonly PoolNode[]): PoolNode | undefined {
  const score = (n: PoolNode): number =>
    Math.max(Number(n.fee) / n.vsize, n.withDescendants.fee / n.withDescendants.vsize);
  return nodes.reduce<PoolNode | undefined>((worst, n) => {
    if (worst === undefined) return n;
    const d = score(n) - score(worst);
    return d < 0 || (d === 0 && n.sequence > worst.sequence) ? n : worst;
  }, undefined);
}
