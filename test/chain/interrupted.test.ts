import assert from 'node:assert/strict';
import type { Block } from '../../src/primitives/block.ts';
import { PASSED } from '../../src/primitives/rules.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { mineChain } from './regtestMiner.ts';
import { acceptAll, openChain, outcomeOf } from './setup.ts';

describe('chain: interrupted work', () => {
  it('close ends a long activation after the step under way and the block ahead; the next open finishes it', async () => {
    const disk = new MemoryDisk();
    const { chain } = await openChain(disk);
    const blocks = mineChain(chain.genesis, 40);
    await chain.acceptHeaders(blocks);
    await acceptAll(chain, blocks.slice(1));
    let closing: Promise<void> | undefined;
    chain.events.on('connected', ({ entry }) => {
      if (entry.height === 10) closing = chain.close();
    });
    await chain.acceptBlock(blocks[0] as Block);
    await closing;
    assert.equal(chain.tip().height, 11);
    await assert.rejects(chain.acceptHeaders(blocks), /closed/);
    await disk.restart('kill');
    assert.equal((await openChain(disk)).chain.tip().height, 40);
  });

  it('a failure of ours in the middle is no verdict: the tip stays where it got to, and goes on later', async () => {
    let failing = true;
    const disk = new MemoryDisk();
    let checks = 0;
    const { chain } = await openChain(disk, {
      scripts: {
        check: async () => {
          if (failing && ++checks === 4) throw new Error('the worker died');
          return PASSED;
        },
      },
    });
    const tips: string[] = [];
    chain.events.on('tip', ({ entry, previous }) => tips.push(`${previous.height}>${entry.height}`));
    const blocks = mineChain(chain.genesis, 6);
    await chain.acceptHeaders(blocks);
    await acceptAll(chain, blocks.slice(1));
    await assert.rejects(chain.acceptBlock(blocks[0] as Block), /the worker died/);
    assert.equal(chain.tip().height, 3);
    assert.equal(chain.halted, undefined);
    assert.equal(chain.entry(blocks[3]?.header.hash as Uint8Array)?.status, 'stored');
    failing = false;
    assert.equal(outcomeOf(await chain.acceptBlock(blocks[5] as Block)), 'known');
    assert.equal(chain.tip().height, 6);
    assert.deepEqual(tips, ['0>3', '3>6']);
  });

  it('a long run of headers lets others run in between', async () => {
    let pauses = 0;
    const { chain } = await openChain(new MemoryDisk(), {
      pause: async () => {
        pauses++;
      },
    });
    await chain.acceptHeaders(mineChain(chain.genesis, 1200));
    assert.equal(pauses, 12);
    assert.equal(chain.bestHeader().height, 1200);
  });

  it('calls run one at a time, in the order they came', async () => {
    const { chain } = await openChain();
    const blocks = mineChain(chain.genesis, 10);
    const outcomes = await Promise.all(blocks.map((block) => chain.acceptBlock(block)));
    assert.deepEqual(outcomes.map(outcomeOf), Array(10).fill('connected'));
  });
});
