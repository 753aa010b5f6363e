import assert from 'node:assert/strict';
import { Crash, MemoryDisk } from '../store/memoryDisk.ts';
import { mine, mineChain } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, openStore } from './setup.ts';

/** Throws when it is asked for the n-th time. */
function stopAt(n: number): () => void {
  let asked = 0;
  return () => {
    if (++asked >= n) throw new Error('asked to stop');
  };
}

describe('chain: asked to stop while it opens', () => {
  it('a flush that a crash interrupted stays an interrupted one, and the next start ends it', async () => {
    const disk = new MemoryDisk();
    const store = await openStore(disk, { flushSlice: 3 });
    const { chain } = await openChain(disk, { store });
    const blocks = mineChain(chain.genesis, 30);
    await acceptAll(chain, blocks.slice(0, 10));
    await store.flush();
    await acceptAll(chain, blocks.slice(10));
    disk.crashAfter(5, 'all');
    await assert.rejects(store.flush(), Crash);
    await disk.restart('kill');
    const stopped = await openStore(disk);
    assert.ok(await stopped.interruptedFlush());
    await assert.rejects(openChain(disk, { store: stopped, checkStop: stopAt(7) }), /asked to stop/);
    await stopped.close();
    const again = await openStore(disk);
    assert.ok(await again.interruptedFlush());
    const opened = await openChain(disk, { store: again });
    assert.equal(opened.chain.tip().height, 30);
    assert.equal((await coinsOf(again)).length, 30);
  });

  it('blocks are connected up to where it was closed; the next start goes on there', async () => {
    const disk = new MemoryDisk();
    const { chain } = await openChain(disk);
    const blocks = mineChain(chain.genesis, 30);
    await chain.acceptHeaders(blocks);
    await acceptAll(chain, blocks.slice(1));
    // The first block comes, and the process is killed before the others are connected.
    disk.crashAfter(40, 'nothing');
    await assert.rejects(chain.acceptBlock(blocks[0] as never));
    await disk.restart('kill');
    const opening = await openStore(disk);
    let stop = false;
    const open = openChain(disk, {
      store: opening,
      checkStop: () => {
        if (stop) throw new Error('asked to stop');
      },
      onOpening: (manager) => {
        manager.events.on('connected', ({ entry }) => {
          if (entry.height !== 25) return;
          stop = true;
          void manager.close();
        });
      },
    });
    await assert.rejects(open, /asked to stop/);
    const reached = await opening.coinCount();
    assert.ok(reached >= 25 && reached < 30, `${reached} blocks were connected`);
    await opening.close();
    const again = await openStore(disk);
    assert.equal(await again.coinCount(), reached, 'what was connected is kept');
    const opened = await openChain(disk, { store: again });
    assert.equal(opened.chain.tip().height, 30);
    assert.deepEqual(await acceptAll(opened.chain, [mine(opened.chain.tip())]), ['connected']);
  });
});
