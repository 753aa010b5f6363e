import { Heap } from './heap.ts';
import { changeTotals, type PackageTotals, type PoolNode } from './poolNode.ts';
import { TxGraph } from './txGraph.ts';

export interface BlockLimits {
  /** Weight units for transactions, the coinbase and header not included. */
  readonly maxWeight: number;
  /** BIP141 sigop cost, the coinbase's not included. */
  readonly maxSigopCost: number;
}

interface Candidate {
  readonly node: PoolNode;
  readonly totals: PackageTotals;
  readonly rate: number;
}

/** Give up on filling the last bytes after this many packages did not fit (Bitcoin Core MAX_CONSECUTIVE_FAILURES). */
const MAX_FAILURES = 1000;
/** …when the block is this close to full. */
const NEARLY_FULL_WEIGHT = 4000;

/** A miner gains the worse of the two: a rich transaction cannot be had without its poor ancestors. */
function candidate(node: PoolNode, totals: PackageTotals): Candidate {
  return { node, totals, rate: Math.min(Number(node.fee) / node.vsize, totals.fee / totals.vsize) };
}

function better(a: Candidate, b: Candidate): boolean {
  return a.rate !== b.rate ? a.rate > b.rate : a.node.sequence < b.node.sequence;
}

/**
 * Picks transactions by the fee rate of each with its unconfirmed ancestors (Bitcoin Core's classic addPackageTxs): take
 * the best package that fits, then re-rate what depended on it. Parents come before children. Synchronous: one moment.
 */
export function selectForBlock(graph: TxGraph, limits: BlockLimits): PoolNode[] {
  const taken = new Set<PoolNode>();
  const failed = new Set<PoolNode>();
  /** Totals of what is still to be taken for an entry, where some of its ancestors are in the block. */
  const reduced = new Map<PoolNode, PackageTotals>();
  const totalsOf = (node: PoolNode): PackageTotals => reduced.get(node) ?? node.withAncestors;
  const heap = new Heap<Candidate>(
    better,
    Array.from(graph.nodes(), (node) => candidate(node, node.withAncestors)),
  );
  let weight = 0;
  let sigopCost = 0;
  let failures = 0;
  for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
    const { node, totals } = best;
    if (taken.has(node) || failed.has(node) || totals !== totalsOf(node)) continue;
    if (weight + totals.weight > limits.maxWeight || sigopCost + totals.sigopCost > limits.maxSigopCost) {
      failed.add(node);
      failures++;
      if (failures > MAX_FAILURES && weight > limits.maxWeight - NEARLY_FULL_WEIGHT) break;
      continue;
    }
    failures = 0;
    weight += totals.weight;
    sigopCost += totals.sigopCost;
    const pack = [...TxGraph.ancestors([node])].filter((n) => !taken.has(n)).sort((a, b) => a.sequence - b.sequence);
    for (const n of pack) taken.add(n);
    for (const n of pack) {
      for (const dependent of TxGraph.descendants(n.children)) {
        if (taken.has(dependent)) continue;
        const next = { ...totalsOf(dependent) };
        changeTotals(next, n, -1);
        reduced.set(dependent, next);
        failed.delete(dependent);
        heap.push(candidate(dependent, next));
      }
    }
  }
  return [...taken];
}
