import assert from 'node:assert/strict';
import { HaltedError } from '../../src/chain/halt.ts';
import { HeaderChain } from '../../src/chain/headerChain.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { KvHeaderStore } from '../../src/store/headerStore.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { fieldsOf, mine, mineChain, placeOf, regtest, seal, sealBadly, template } from './regtestMiner.ts';

const NOW_MS = 1_700_000_000_000;

function open(disk = new MemoryDisk(), nowMs = () => NOW_MS): Promise<HeaderChain> {
  return HeaderChain.open({
    network: regtest,
    judge: judgeFor(regtest),
    store: new KvHeaderStore(disk.kv, 'memory', new Lifetime()),
    clock: { nowMs },
  });
}

describe('chain: header chain', () => {
  it('accepts a run, persists it and loads it again', async () => {
    const disk = new MemoryDisk();
    const chain = await open(disk);
    const run = mineChain(chain.genesis, 30);
    const outcome = await chain.acceptHeaders(run);
    assert.deepEqual([outcome.added.length, outcome.last?.height, outcome.error], [30, 30, undefined]);
    await disk.restart('kill');
    const again = await open(disk);
    assert.equal(again.bestHeader().header.id, run[29]?.header.id);
    assert.deepEqual(
      again.tips().map((t) => t.height),
      [30],
    );
    assert.equal(again.bestHeader().chainWork, chain.bestHeader().chainWork);
    assert.equal(again.bestHeader().medianTime, chain.bestHeader().medianTime);
    assert.equal(again.bestHeader().sequence, chain.bestHeader().sequence);
    const repeat = await again.acceptHeaders(run);
    assert.deepEqual([repeat.added.length, repeat.last?.height, repeat.error], [0, 30, undefined]);
  });

  it('keeps the headers before the first bad one', async () => {
    const chain = await open();
    const [a, b, c] = mineChain(chain.genesis, 3) as [Block, Block, Block];
    const bad = sealBadly(template(placeOf(b, 2)));
    const outcome = await chain.acceptHeaders([a, b, bad, c]);
    assert.deepEqual([outcome.added.length, outcome.last?.height, outcome.error?.rule], [2, 2, 'high-hash']);
  });

  it('names what is wrong with a header', async () => {
    const chain = await open();
    const [a] = mineChain(chain.genesis, 1) as [Block];
    await chain.acceptHeaders([a]);
    const at = placeOf(a, 1);
    const rule = async (block: Block): Promise<string | undefined> => (await chain.acceptHeaders([block])).error?.rule;
    const altered = (change: Partial<BlockHeader>): Block => {
      const t = template(at);
      return seal(new Block(new BlockHeader({ ...fieldsOf(t.header), ...change }), t.txs));
    };
    assert.equal(await rule(altered({ prevHash: new Uint8Array(32).fill(9) })), 'prev-blk-not-found');
    assert.equal(await rule(altered({ bits: 0x207ffffe })), 'bad-diffbits');
    assert.equal(await rule(altered({ time: a.header.time })), 'time-too-old');
    assert.equal(await rule(altered({ version: 1 })), 'bad-version');
    assert.equal(await rule(new Block(mine(at).header, [], Uint8Array.of(1))), 'bad-seal');
    assert.equal(chain.tips().length, 1);
    assert.deepEqual(chain.counters(), { headers: 2, tips: 1, offBranch: 0 });
  });

  it('neither keeps nor remembers a header from the future: it is good when its time comes', async () => {
    let now = NOW_MS;
    const chain = await open(new MemoryDisk(), () => now);
    // Regtest allows two hours.
    const future = mine(chain.genesis, { time: NOW_MS / 1000 + 7201 });
    assert.equal((await chain.acceptHeaders([future])).error?.rule, 'time-too-new');
    assert.equal(chain.entry(future.header.hash), undefined);
    now += 1000;
    assert.equal((await chain.acceptHeaders([future])).error, undefined);
  });

  it('the first seen of equal tips is the best, also after a restart', async () => {
    const disk = new MemoryDisk();
    const chain = await open(disk);
    const first = mine(chain.genesis);
    const rivals = Array.from({ length: 8 }, () => mine(chain.genesis));
    await chain.acceptHeaders([first]);
    for (const rival of rivals) await chain.acceptHeaders([rival]);
    assert.equal(chain.bestHeader().header.id, first.header.id);
    await disk.restart('kill');
    assert.equal((await open(disk)).bestHeader().header.id, first.header.id);
  });

  it('tells of each header and of a new best', async () => {
    const chain = await open();
    const log: string[] = [];
    chain.events.on('header', ({ entry }) => log.push(`h${entry.height}`));
    chain.events.on('bestHeader', ({ entry }) => log.push(`b${entry.height}`));
    await chain.acceptHeaders(mineChain(chain.genesis, 2));
    await chain.acceptHeaders([mine(chain.genesis)]);
    assert.deepEqual(log, ['h1', 'h2', 'b2', 'h1']);
  });

  it('finds the fork with a locator', async () => {
    const chain = await open();
    const a = mineChain(chain.genesis, 20);
    const b = mineChain(placeOf(a[9] as Block, 10), 3);
    await chain.acceptHeaders([...a, ...b]);
    const side = chain.entry(b[2]?.header.hash as Uint8Array);
    const locator = chain.locator(side as never);
    assert.equal(chain.findFork(locator, chain.bestHeader()).height, 10);
    assert.equal(chain.findFork([new Uint8Array(32)], chain.bestHeader()), chain.genesis);
  });

  it('halts when a write fails: memory never shows what may not be stored', async () => {
    const disk = new MemoryDisk();
    const chain = await open(disk);
    const [a, b] = mineChain(chain.genesis, 2) as [Block, Block];
    disk.failAfter(1, new Error('the disk is gone'));
    await assert.rejects(chain.acceptHeaders([a]), /the disk is gone/);
    assert.equal(chain.entry(a.header.hash), undefined);
    await assert.rejects(chain.acceptHeaders([a, b]), HaltedError);
  });

  it('refuses the store of another network', async () => {
    const disk = new MemoryDisk();
    await open(disk);
    const other = { genesis: mine({ header: regtest.genesis.header, height: 0 }), chainId: new Uint8Array(32) };
    await assert.rejects(
      HeaderChain.open({
        network: other,
        judge: judgeFor(regtest),
        store: new KvHeaderStore(disk.kv, 'memory', new Lifetime()),
        clock: { nowMs: () => NOW_MS },
      }),
      /genesis/,
    );
  });
});
