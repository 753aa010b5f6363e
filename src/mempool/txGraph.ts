import { type Hash256, hashKey } from '../primitives/hash.ts';
import { type OutPoint, outPointKey } from '../primitives/outpoint.ts';
import type { Tx } from '../primitives/tx.ts';
import { assert } from '../util/assert.ts';
import { changeTotals, type PoolNode } from './poolNode.ts';

/** The unconfirmed transactions, who spends what, and the package totals of each. Knows no rules. */
export class TxGraph {
  readonly #byTxid = new Map<string, PoolNode>();
  readonly #byWtxid = new Map<string, PoolNode>();
  readonly #spenders = new Map<string, PoolNode>();
  readonly #onRescored: (node: PoolNode) => void;
  #bytes = 0;
  #vbytes = 0;
  #memory = 0;

  /** `onRescored` is told of each entry whose withDescendants is new or changed. */
  constructor(onRescored: (node: PoolNode) => void) {
    this.#onRescored = onRescored;
  }

  get size(): number {
    return this.#byTxid.size;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get vbytes(): number {
    return this.#vbytes;
  }
  get memory(): number {
    return this.#memory;
  }

  /** In order of admission, so parents come before children. */
  nodes(): IterableIterator<PoolNode> {
    return this.#byTxid.values();
  }
  get(txid: Hash256): PoolNode | undefined {
    return this.#byTxid.get(hashKey(txid));
  }
  getByWtxid(wtxid: Hash256): PoolNode | undefined {
    return this.#byWtxid.get(hashKey(wtxid));
  }
  spender(outpoint: OutPoint): PoolNode | undefined {
    return this.#spenders.get(outPointKey(outpoint));
  }
  has(node: PoolNode): boolean {
    return this.#byTxid.get(node.key) === node;
  }

  /** The pool transactions whose outputs `tx` spends. */
  parentsOf(tx: Tx): Set<PoolNode> {
    const parents = new Set<PoolNode>();
    for (const input of tx.inputs) {
      const parent = this.get(input.prevout.txid);
      if (parent !== undefined) parents.add(parent);
    }
    return parents;
  }

  /** Everything reachable over `parents`, the given ones included. */
  static ancestors(of: Iterable<PoolNode>): Set<PoolNode> {
    const found = new Set(of);
    for (const node of found) for (const parent of node.parents) found.add(parent);
    return found;
  }

  /** Everything reachable over `children`, the given ones included. */
  static descendants(of: Iterable<PoolNode>): Set<PoolNode> {
    const found = new Set(of);
    for (const node of found) for (const child of node.children) found.add(child);
    return found;
  }

  /** Adds an entry whose inputs nobody in the pool spends yet and on which nothing in the pool depends yet. */
  add(node: PoolNode): void {
    assert(!this.#byTxid.has(node.key), 'pool: the transaction is there already');
    for (const key of node.inputKeys) assert(!this.#spenders.has(key), 'pool: two transactions spend one output');
    this.#byTxid.set(node.key, node);
    this.#byWtxid.set(node.wkey, node);
    for (const key of node.inputKeys) this.#spenders.set(key, node);
    for (const parent of this.parentsOf(node.tx)) {
      node.parents.add(parent);
      parent.children.add(node);
    }
    for (const ancestor of TxGraph.ancestors(node.parents)) {
      changeTotals(node.withAncestors, ancestor, 1);
      changeTotals(ancestor.withDescendants, node, 1);
      this.#rescored(ancestor);
    }
    this.#rescored(node);
    this.#bytes += node.tx.size;
    this.#vbytes += node.vsize;
    this.#memory += node.memory;
  }

  /** Removes an entry that has no parents (it was confirmed) or no children (they were removed first). */
  remove(node: PoolNode): void {
    assert(this.has(node), 'pool: removing what is not there');
    assert(node.parents.size === 0 || node.children.size === 0, 'pool: removing from the middle of a chain');
    for (const ancestor of TxGraph.ancestors(node.parents)) {
      changeTotals(ancestor.withDescendants, node, -1);
      this.#rescored(ancestor);
    }
    for (const descendant of TxGraph.descendants(node.children)) changeTotals(descendant.withAncestors, node, -1);
    for (const parent of node.parents) parent.children.delete(node);
    for (const child of node.children) child.parents.delete(node);
    this.#byTxid.delete(node.key);
    this.#byWtxid.delete(node.wkey);
    for (const key of node.inputKeys) this.#spenders.delete(key);
    this.#bytes -= node.tx.size;
    this.#vbytes -= node.vsize;
    this.#memory -= node.memory;
    node.version++;
  }

  /** Removes the entries and everything that depends on them; returns what was removed, children before parents. */
  removeWithDescendants(roots: Iterable<PoolNode>): PoolNode[] {
    const doomed = [...TxGraph.descendants(roots)].sort((a, b) => b.sequence - a.sequence);
    for (const node of doomed) this.remove(node);
    return doomed;
  }

  #rescored(node: PoolNode): void {
    node.version++;
    this.#onRescored(node);
  }
}
