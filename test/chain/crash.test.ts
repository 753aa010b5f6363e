import assert from 'node:assert/strict';
import { HaltedError } from '../../src/chain/halt.ts';
import type { Block } from '../../src/primitives/block.ts';
import { Crash, type CrashMode, MemoryDisk } from '../store/memoryDisk.ts';
import { makeScript, type Step } from './crashScript.ts';
import { coinbaseOf, mine, mineChain } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf } from './setup.ts';

async function play(disk: MemoryDisk, steps: readonly Step[]): Promise<void> {
  const { chain } = await openChain(disk);
  for (const step of steps) {
    if (step.headers !== undefined) await chain.acceptHeaders(step.headers);
    if (step.block !== undefined) await chain.acceptBlock(step.block);
  }
}

/** Tip and coins, as a restart finds them. */
async function stateOf(disk: MemoryDisk): Promise<{ tip: string; coins: string[]; count: number }> {
  const { chain, store } = await openChain(disk);
  return { tip: chain.tip().header.id, coins: await coinsOf(store), count: await store.coinCount() };
}

async function baseDisk(base: readonly Block[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { chain } = await openChain(disk);
  await acceptAll(chain, base);
  return disk;
}

describe('chain: crash at every write', () => {
  const { base, steps } = makeScript();
  let start: MemoryDisk;
  before(async () => {
    start = await baseDisk(base);
  });

  for (const mode of ['nothing', 'torn', 'all'] as const satisfies readonly CrashMode[]) {
    for (const how of ['kill', 'power cut'] as const) {
      it(`a write that leaves ${mode}, then a ${how}: the state is one the twin had, and the script can be finished`, async function () {
        this.timeout(60_000);
        const twin = await start.clone();
        const states = new Map<string, string[]>();
        const first = await stateOf(twin);
        states.set(first.tip, first.coins);
        {
          const { chain, store } = await openChain(twin);
          for (const step of steps) {
            if (step.headers !== undefined) await chain.acceptHeaders(step.headers);
            if (step.block !== undefined) await chain.acceptBlock(step.block);
            states.set(chain.tip().header.id, await coinsOf(store));
          }
        }
        const end = await stateOf(twin);
        let crashes = 0;
        for (let n = 1; ; n++) {
          const disk = await start.clone();
          disk.crashAfter(n, mode);
          const outcome = await play(disk, steps).then(
            () => 'finished',
            (error: unknown) => error,
          );
          if (outcome === 'finished') break;
          crashes++;
          assert.ok(outcome instanceof Crash || outcome instanceof HaltedError, String(outcome));
          await disk.restart(how);
          const found = await stateOf(disk);
          // Opening finishes an interrupted reorganisation, so the state is one of the twin's.
          assert.deepEqual(found.coins, states.get(found.tip), `write ${n}: coins at tip ${found.tip}`);
          assert.equal(found.count, found.coins.length, `write ${n}: coin count`);
          await play(disk, steps);
          assert.deepEqual(await stateOf(disk), end, `write ${n}: after the rest of the script`);
        }
        assert.ok(crashes > 40, `only ${crashes} writes`);
      });
    }
  }
});

describe('chain: a failing disk', () => {
  it('a failed commit halts the chain until it is opened again', async () => {
    const disk = new MemoryDisk();
    const told: Error[] = [];
    const { chain } = await openChain(disk, { onHalt: (error) => told.push(error) });
    const [a, b] = mineChain(chain.genesis, 2) as [Block, Block];
    await chain.acceptHeaders([a, b]);
    // Body, undo, two syncs, then the batch.
    disk.failAfter(5, new Error('no space'));
    await assert.rejects(chain.acceptBlock(a), /no space/);
    assert.equal(chain.tip(), chain.genesis);
    await assert.rejects(chain.acceptBlock(a), HaltedError);
    await assert.rejects(chain.acceptHeaders([b]), HaltedError);
    assert.equal(told.length, 1);
    assert.ok(chain.halted instanceof HaltedError);
    await disk.restart('kill');
    const again = await openChain(disk);
    assert.deepEqual(await acceptAll(again.chain, [a, b]), ['connected', 'connected']);
  });

  it('a failed append changes nothing: the same block is taken when the disk works again', async () => {
    const disk = new MemoryDisk();
    const failures: string[] = [];
    const { chain } = await openChain(disk, { onFailure: (error) => failures.push((error as Error).message) });
    const [a] = mineChain(chain.genesis, 1) as [Block];
    await chain.acceptHeaders([a]);
    disk.failAfter(1, new Error('no space'));
    await assert.rejects(chain.acceptBlock(a), /no space/);
    disk.failAfter(2, new Error('no space'));
    await assert.rejects(chain.acceptBlock(a), /no space/);
    assert.equal(chain.halted, undefined);
    assert.equal(failures.length, 2);
    assert.equal(outcomeOf(await chain.acceptBlock(a)), 'connected');
  });

  it('a damaged body stops nothing but the reading of it, and is named', async () => {
    const disk = new MemoryDisk();
    const { chain } = await openChain(disk);
    await acceptAll(chain, mineChain(chain.genesis, 2));
    (disk.file('blk00000.dat') as Uint8Array)[400] = 0xee;
    await assert.rejects(chain.readBlock(chain.atHeight(1) as never), /blk00000\.dat/);
    assert.equal(outcomeOf(await chain.acceptBlock(mine(chain.tip()))), 'connected');
  });

  it('an assertion failure keeps the block as evidence and halts', async () => {
    const { chain, evidence } = await openChain(new MemoryDisk(), {
      scripts: {
        check: async () => {
          assert.fail('unreachable here');
        },
      },
    });
    const block = mine(chain.genesis);
    await assert.rejects(chain.acceptBlock(block));
    assert.deepEqual(evidence, []);
    const { AssertionFailure } = await import('../../src/util/assert.ts');
    const broken = await openChain(new MemoryDisk(), {
      scripts: {
        check: async () => {
          throw new AssertionFailure('the books do not balance');
        },
      },
    });
    await assert.rejects(broken.chain.acceptBlock(block), AssertionFailure);
    assert.deepEqual(broken.evidence, ['the books do not balance']);
    await assert.rejects(broken.chain.acceptBlock(block), HaltedError);
  });

  it('a listener that throws halts the chain', async () => {
    const { chain } = await openChain();
    chain.events.on('connected', () => {
      throw new Error('bug');
    });
    await assert.rejects(chain.acceptBlock(mine(chain.genesis)), /bug/);
    await assert.rejects(chain.acceptBlock(mine(chain.genesis)), HaltedError);
  });

  it('coins are never read across a commit', async () => {
    const { chain } = await openChain();
    const blocks = mineChain(chain.genesis, 30);
    let done = false;
    const writer = acceptAll(chain, blocks).then(() => {
      done = true;
    });
    while (!done) {
      const wanted = blocks.map((block) => ({ txid: coinbaseOf(block).txid, index: 0 }));
      const coins = await chain.coins(wanted);
      assert.equal(coins.filter((coin) => coin !== undefined).length, chain.tip().height);
    }
    await writer;
  });
});
