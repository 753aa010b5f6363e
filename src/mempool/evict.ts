import { Heap } from './heap.ts';
import type { PoolNode } from './poolNode.ts';

interface Score {
  readonly node: PoolNode;
  readonly version: number;
  /** Satoshi per vbyte. */
  readonly rate: number;
}

/** What an entry is worth keeping for: its own rate or that of it with all that depends on it, whichever is better. */
function descendantScore(node: PoolNode): number {
  const all = node.withDescendants;
  return Math.max(Number(node.fee) / node.vsize, all.fee / all.vsize);
}

/** First to go: the lowest rate, among equals the latest come. */
function goesFirst(a: Score, b: Score): boolean {
  return a.rate !== b.rate ? a.rate < b.rate : a.node.sequence > b.node.sequence;
}

/**
 * Finds the worst package without looking at the whole pool. Scores go stale when packages change; a stale one is dropped
 * when it comes to the top, and all are rebuilt when most are stale.
 */
export class EvictionQueue {
  #heap = new Heap<Score>(goesFirst);

  /** Notes a new or changed score. `live` are all entries, used when the stale scores outweigh them. */
  rescored(node: PoolNode, live: { readonly size: number; nodes(): Iterable<PoolNode> }): void {
    this.#heap.push({ node, version: node.version, rate: descendantScore(node) });
    if (this.#heap.size <= 4 * live.size + 64) return;
    const scores: Score[] = [];
    for (const n of live.nodes()) scores.push({ node: n, version: n.version, rate: descendantScore(n) });
    this.#heap = new Heap(goesFirst, scores);
  }

  /** The entry whose package should go first, undefined when the pool is empty. It stays queued until it changes. */
  worst(): PoolNode | undefined {
    for (let top = this.#heap.peek(); top !== undefined; top = this.#heap.peek()) {
      if (top.version === top.node.version) return top.node;
      this.#heap.pop();
    }
    return undefined;
  }
}
