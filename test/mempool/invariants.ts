import assert from 'node:assert/strict';
import type { PoolNode } from '../../src/mempool/poolNode.ts';
import type { TxPool } from '../../src/mempool/txPool.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';
import type { World } from './setup.ts';

/** Holds at every moment: links and totals agree with the transactions, and no output is spent twice. */
export function checkStructure(pool: TxPool): void {
  const spent = new Set<string>();
  const entries = pool.entries();
  let bytes = 0;
  let vbytes = 0;
  for (const node of entries) {
    assert.equal(pool.get(node.tx.txid), node);
    assert.equal(pool.getByWtxid(node.tx.wtxid), node);
    bytes += node.tx.size;
    vbytes += node.vsize;
    for (const { prevout } of node.tx.inputs) {
      const key = outPointKey(prevout);
      assert.ok(!spent.has(key), `${key} is spent twice`);
      spent.add(key);
      assert.equal(pool.spender(prevout), node);
      const parent = pool.get(prevout.txid);
      if (parent === undefined) continue;
      assert.ok(parent.sequence < node.sequence, 'parents come first');
      assert.ok(node.parents.has(parent) && parent.children.has(node));
    }
    checkTotals(pool, node);
  }
  assert.equal(pool.size, entries.length);
  assert.equal(pool.bytes, bytes);
  assert.equal(pool.vbytes, vbytes);
  assert.ok(pool.memory <= pool.maxMemory);
}

function checkTotals(pool: TxPool, node: PoolNode): void {
  for (const [totals, others] of [
    [node.withAncestors, pool.ancestors(node)],
    [node.withDescendants, pool.descendants(node)],
  ] as const) {
    const all = [node, ...others];
    assert.equal(new Set(all).size, all.length);
    const sum = (of: (n: PoolNode) => number): number => all.reduce((s, n) => s + of(n), 0);
    assert.deepEqual(totals, {
      count: all.length,
      vsize: sum((n) => n.vsize),
      weight: sum((n) => n.tx.weight),
      fee: sum((n) => Number(n.fee)),
      sigopCost: sum((n) => n.sigopCost),
    });
    assert.ok(all.length <= pool.settings.maxPackageCount);
  }
}

/** Holds whenever nothing is under way: every input is a coin of the chain or an output of the pool. */
export async function checkInputs(world: World): Promise<void> {
  const { pool, chain } = world;
  const outside = pool
    .entries()
    .flatMap((node) => node.tx.inputs.map((input) => input.prevout))
    .filter((prevout) => pool.get(prevout.txid) === undefined);
  const tip = chain.tip();
  const coins = await chain.coins(outside);
  assert.equal(chain.tip(), tip, 'asked for while the chain was quiet');
  for (const [i, coin] of coins.entries()) assert.ok(coin !== undefined, `input ${i} is no coin of the chain`);
}
