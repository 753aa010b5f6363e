import assert from 'node:assert/strict';
import type { ChainManager } from '../../src/chain/chainManager.ts';
import { contextAfter } from '../../src/chain/headerIndex.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import { createNetworkDefinition } from '../../src/params/createNetwork.ts';
import { networkOf } from '../../src/params/definition.ts';
import type { Block } from '../../src/primitives/block.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, seal, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf } from './setup.ts';

/** A cairn network on which a proof costs a few hashes, with ASERT difficulty and one allocation. */
const network = networkOf(
  createNetworkDefinition({
    name: 'chain-test',
    genesisTime: 1_690_000_000,
    limitBits: 0x207fffff,
    allocations: [{ script: '51', amount: '1000000' }],
  }),
);
const judge = judgeFor(network);

/** A block on the tip, with the bits the judge asks for. */
function next(chain: ChainManager, spacing: number, txs: Parameters<typeof assembleBlock>[0]['txs'] = []): Block {
  const tip = chain.tip();
  const time = tip.header.time + spacing;
  return seal(
    assembleBlock({
      params: network.consensus,
      height: tip.height + 1,
      prevHash: tip.header.hash,
      time,
      bits: judge.nextBits(contextAfter(tip), tip.state, time),
      txs,
      fees: 0n,
      payout: ANYONE,
      extraNonce: BigInt(tip.height),
    }),
  );
}

describe('chain: a cairn network', () => {
  it('has its allocations as coins, spendable in block one and back after a reorganisation', async () => {
    const disk = new MemoryDisk();
    const { chain, store } = await openChain(disk, { network, judge });
    const before = await coinsOf(store);
    assert.equal(before.length, 1);
    const allocation = network.genesis.txs.find((tx) => tx.outputs.some((o) => o.value === 1_000_000n));
    assert.ok(allocation !== undefined);
    const index = allocation.outputs.findIndex((o) => o.value === 1_000_000n);
    const pay = spend([{ tx: allocation, index }], [{ value: 1_000_000n, scriptPubKey: ANYONE }]);
    assert.equal(outcomeOf(await chain.acceptBlock(next(chain, 15, [pay]))), 'connected');
    await chain.invalidateBlock(chain.tip());
    assert.deepEqual(await coinsOf(store), before);
  });

  it("carries the engine's state over restarts: the difficulty goes on as on a node that never stopped", async () => {
    const disk = new MemoryDisk();
    let { chain } = await openChain(disk, { network, judge });
    const twin = (await openChain(new MemoryDisk(), { network, judge })).chain;
    const bits = new Set<number>();
    for (let i = 0; i < 30; i++) {
      const block = next(chain, 3);
      bits.add(block.header.bits);
      assert.deepEqual(await acceptAll(chain, [block]), ['connected']);
      assert.deepEqual(await acceptAll(twin, [block]), ['connected']);
      await disk.restart('kill');
      ({ chain } = await openChain(disk, { network, judge }));
      assert.deepEqual(chain.tip().state, twin.tip().state);
    }
    assert.ok(bits.size > 5, 'the difficulty moved');
  });
});
