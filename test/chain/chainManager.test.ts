import assert from 'node:assert/strict';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { mine, mineChain, regtest } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf } from './setup.ts';

describe('chain: a linear chain', () => {
  it('connects blocks one after another and finds the same tip and coins after a restart', async () => {
    const disk = new MemoryDisk();
    const { chain, store } = await openChain(disk);
    const blocks = mineChain(chain.genesis, 5);
    assert.deepEqual(await acceptAll(chain, blocks), Array(5).fill('connected'));
    assert.equal(chain.tip().height, 5);
    assert.equal(chain.tip().status, 'valid');
    const coins = await coinsOf(store);
    assert.equal(coins.length, 5);
    await disk.restart('power cut');
    const again = await openChain(disk);
    assert.equal(again.chain.tip().header.id, chain.tip().header.id);
    assert.deepEqual(await coinsOf(again.store), coins);
    assert.equal(await again.store.coinCount(), 5);
    assert.equal(outcomeOf(await again.chain.acceptBlock(mine(again.chain.tip()))), 'connected');
    assert.equal(outcomeOf(await again.chain.acceptBlock(blocks[2] as never)), 'known');
    assert.equal(again.chain.genesis.header.id, regtest.genesis.header.id);
  });
});
