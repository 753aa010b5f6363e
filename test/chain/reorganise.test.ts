import assert from 'node:assert/strict';
import type { ChainManager } from '../../src/chain/chainManager.ts';
import type { Block } from '../../src/primitives/block.ts';
import { PASSED } from '../../src/primitives/rules.ts';
import { NO_WITNESS, Tx } from '../../src/primitives/tx.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, outcomeOf } from './setup.ts';

const COIN = 100_000_000n;

/** All events as text. */
function record(chain: ChainManager): string[] {
  const log: string[] = [];
  chain.events.on('connected', ({ entry }) => log.push(`+${entry.height}`));
  chain.events.on('disconnected', ({ entry }) => log.push(`-${entry.height}`));
  chain.events.on('tip', ({ entry, previous }) => log.push(`tip ${previous.height}>${entry.height}`));
  return log;
}

/** A spend whose scriptSig is the one byte that the test's script checker fails. */
function failing(parent: Tx): Tx {
  const tx = spend([{ tx: parent, index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
  const inputs = [
    { ...(tx.inputs[0] as (typeof tx.inputs)[number]), scriptSig: Uint8Array.of(0), witness: NO_WITNESS },
  ];
  return new Tx({ version: 2, inputs, outputs: tx.outputs, lockTime: 0 });
}

describe('chain: reorganisation', () => {
  it('keeps the first of two equal branches and moves when the other gets longer', async () => {
    const { chain } = await openChain();
    const log = record(chain);
    const a = mineChain(chain.genesis, 2);
    const b = mineChain(chain.genesis, 3);
    await acceptAll(chain, a);
    assert.deepEqual(await acceptAll(chain, b.slice(1)), ['prev-blk-not-found', 'prev-blk-not-found']);
    // Headers first: then the lower blocks stand on the best header's branch and are kept.
    await chain.acceptHeaders(b);
    assert.deepEqual(await acceptAll(chain, b), ['stored', 'stored', 'connected']);
    assert.deepEqual(log, ['+1', 'tip 0>1', '+2', 'tip 1>2', '-2', '-1', '+1', '+2', '+3', 'tip 2>3']);
    assert.equal(chain.isActive(chain.entry(a[0]?.header.hash as Uint8Array) as never), false);
    assert.equal(chain.atHeight(3), chain.tip());
    assert.equal(chain.atHeight(4), undefined);
  });

  it('a block that was connected before is connected again without its scripts, and keeps its undo record', async () => {
    const disk = new MemoryDisk();
    let checks = 0;
    const scripts = {
      check: async () => {
        checks++;
        return PASSED;
      },
    };
    const { chain } = await openChain(disk, { scripts });
    const a = mineChain(chain.genesis, 2);
    const b = mineChain(chain.genesis, 3);
    await acceptAll(chain, a);
    await chain.acceptHeaders(b);
    await acceptAll(chain, b);
    assert.equal(checks, 5);
    const undoBytes = disk.fileNames.filter((name) => name.startsWith('rev')).map((name) => disk.file(name).length);
    const more = mineChain(placeOf(a[1] as Block, 2), 2);
    await chain.acceptHeaders(more);
    await acceptAll(chain, more);
    assert.equal(chain.tip().header.id, more[1]?.header.id);
    assert.equal(checks, 7);
    const [before, after] = [
      undoBytes,
      disk.fileNames.filter((n) => n.startsWith('rev')).map((n) => disk.file(n).length),
    ].map((sizes) => sizes.reduce((sum, size) => sum + size, 0)) as [number, number];
    // Two more records of the five there were before.
    assert.equal(after * 5, before * 7);
  });

  it('does not let a header sent early win a tie against a block that came first', async () => {
    const { chain } = await openChain();
    const early = mine(chain.genesis);
    const first = mine(chain.genesis);
    await chain.acceptHeaders([early]);
    assert.equal(outcomeOf(await chain.acceptBlock(first)), 'connected');
    assert.equal(outcomeOf(await chain.acceptBlock(early)), 'stored');
    assert.equal(chain.tip().header.id, first.header.id);
  });

  it('connects bodies that came before their ancestors when the gap closes', async () => {
    const { chain } = await openChain();
    const blocks = mineChain(chain.genesis, 5);
    await chain.acceptHeaders(blocks);
    assert.deepEqual(await acceptAll(chain, [...blocks].reverse()), [
      'stored',
      'stored',
      'stored',
      'stored',
      'connected',
    ]);
    assert.equal(chain.tip().height, 5);
  });

  it('spends and restores coins: the coins equal those of a node that saw only the winner', async () => {
    const { chain, store } = await openChain();
    const base = mineChain(chain.genesis, 101);
    await acceptAll(chain, base);
    const tip = chain.tip();
    const old = coinbaseOf(base[0] as Block);
    const pay = spend(
      [{ tx: old, index: 0 }],
      [
        { value: 20n * COIN, scriptPubKey: ANYONE },
        { value: 30n * COIN, scriptPubKey: ANYONE },
      ],
    );
    const chained = spend([{ tx: pay, index: 0 }], [{ value: 20n * COIN, scriptPubKey: Uint8Array.of(0x6a) }]);
    const left = mine(tip, { txs: [pay, chained] });
    assert.equal(outcomeOf(await chain.acceptBlock(left)), 'connected');
    const right = mineChain(tip, 2);
    await chain.acceptHeaders(right);
    await acceptAll(chain, right);
    assert.equal(chain.tip().header.id, right[1]?.header.id);
    const [restored] = await chain.coins([{ txid: old.txid, index: 0 }]);
    assert.deepEqual([restored?.height, restored?.coinbase, restored?.out.value], [1, true, 50n * COIN]);
    const twin = await openChain();
    await acceptAll(twin.chain, [...base, ...right]);
    assert.deepEqual(await coinsOf(store), await coinsOf(twin.store));
    assert.equal(await store.coinCount(), await twin.store.coinCount());
  });

  it('returns to the old branch when the heavier one turns out invalid, and loses nothing', async () => {
    const disk = new MemoryDisk();
    const { chain, store } = await openChain(disk);
    const good = mineChain(chain.genesis, 3);
    await acceptAll(chain, good);
    const before = await coinsOf(store);
    const b1 = mine(chain.genesis);
    const ghost = spend([{ tx: coinbaseOf(mine(chain.genesis)), index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
    const b2 = mine(placeOf(b1, 1), { txs: [ghost] });
    const rest = mineChain(placeOf(b2, 2), 3);
    await chain.acceptHeaders([b1, b2, ...rest]);
    assert.equal(chain.bestHeader().height, 5);
    const log = record(chain);
    assert.deepEqual(await acceptAll(chain, [b1, b2, ...rest.slice(0, 1)]), ['stored', 'stored', 'stored']);
    const verdict = await chain.acceptBlock(rest[1] as Block);
    assert.ok(!verdict.ok && verdict.rule === 'bad-prevblk');
    // The reason is the ancestor's.
    assert.match(verdict.detail, /invalid-ancestor: bad-txns-inputs-missingorspent/);
    assert.equal(chain.tip().header.id, good[2]?.header.id);
    assert.deepEqual(await coinsOf(store), before);
    assert.deepEqual(log, ['-3', '-2', '-1', '+1', '-1', '+1', '+2', '+3', 'tip 3>3']);
    assert.equal(chain.bestHeader().header.id, good[2]?.header.id);
    const status = (block: Block | undefined): string | undefined =>
      chain.entry(block?.header.hash as Uint8Array)?.status;
    assert.deepEqual([b1, b2, rest[0], rest[2]].map(status), [
      'valid',
      'invalid',
      'invalid-ancestor',
      'invalid-ancestor',
    ]);
    // Remembered, also over a restart.
    await disk.restart('power cut');
    const again = await openChain(disk);
    assert.deepEqual(await acceptAll(again.chain, [b2, rest[2] as Block]), ['duplicate-invalid', 'duplicate-invalid']);
    assert.equal(outcomeOf(await again.chain.acceptBlock(mine(placeOf(rest[2] as Block, 5)))), 'bad-prevblk');
    assert.equal(again.chain.tip().header.id, good[2]?.header.id);
  });

  it('judges scripts when a branch is connected and remembers a failure for good', async () => {
    const { chain } = await openChain();
    const base = mineChain(chain.genesis, 101);
    await acceptAll(chain, base);
    const bad = mine(chain.tip(), { txs: [failing(coinbaseOf(base[0] as Block))] });
    assert.equal(outcomeOf(await chain.acceptBlock(bad)), 'block-script-verify-flag-failed');
    assert.equal(outcomeOf(await chain.acceptBlock(bad)), 'duplicate-invalid');
    assert.equal(chain.tip().height, 101);
    assert.equal(chain.bestHeader().height, 101);
  });

  it('a block that fails while its branch is joined is told its own fault', async () => {
    const { chain } = await openChain();
    await acceptAll(chain, mineChain(chain.genesis, 1));
    const side = mine(chain.genesis);
    const greedy = mine(placeOf(side, 1), { fees: 1n });
    assert.deepEqual(await acceptAll(chain, [side, greedy]), ['stored', 'bad-cb-amount']);
    assert.equal(outcomeOf(await chain.acceptBlock(greedy)), 'duplicate-invalid');
  });

  it('reorganises a hundred blocks deep, one commit at a time, and survives a restart after it', async () => {
    const disk = new MemoryDisk();
    const { chain } = await openChain(disk);
    await acceptAll(chain, mineChain(chain.genesis, 100));
    const winner = mineChain(chain.genesis, 101);
    await chain.acceptHeaders(winner);
    const outcomes = await acceptAll(chain, winner);
    assert.equal(outcomes.at(-1), 'connected');
    assert.equal(chain.tip().header.id, winner.at(-1)?.header.id);
    await disk.restart('power cut');
    assert.equal((await openChain(disk)).chain.tip().header.id, winner.at(-1)?.header.id);
  });

  it('invalidateBlock goes back and reconsiderBlock returns', async () => {
    const disk = new MemoryDisk();
    const { chain } = await openChain(disk);
    const blocks = mineChain(chain.genesis, 4);
    await acceptAll(chain, blocks);
    const second = chain.atHeight(2) as never;
    await chain.invalidateBlock(second);
    assert.equal(chain.tip().height, 1);
    assert.equal(chain.bestHeader().height, 1);
    await disk.restart('kill');
    const again = (await openChain(disk)).chain;
    assert.equal(again.tip().height, 1);
    await again.reconsiderBlock(again.entry(blocks[3]?.header.hash as Uint8Array) as never);
    assert.equal(again.tip().height, 4);
    assert.equal(again.tip().status, 'valid');
    await assert.rejects(again.invalidateBlock(again.genesis), RangeError);
  });

  it('an order for a block that nobody knows is refused, and nobody else hears of it', async () => {
    const failures: unknown[] = [];
    const { chain } = await openChain(new MemoryDisk(), { onFailure: (error) => failures.push(error) });
    const [stranger] = mineChain(chain.genesis, 1) as [Block];
    const entry = { ...chain.genesis, header: stranger.header } as never;
    await assert.rejects(chain.invalidateBlock(entry), /not in the tree/);
    await assert.rejects(chain.reconsiderBlock(entry), /not in the tree/);
    assert.deepEqual(failures, []);
    assert.equal(chain.halted, undefined);
  });

  it('an order to leave a block holds after a crash though the coins were flushed above it', async () => {
    const disk = new MemoryDisk();
    const { chain, store } = await openChain(disk);
    const blocks = mineChain(chain.genesis, 4);
    await acceptAll(chain, blocks);
    await store.flush();
    await chain.invalidateBlock(chain.atHeight(2) as never);
    await disk.restart('kill');
    const again = await openChain(disk);
    assert.equal(again.chain.tip().height, 1);
    assert.equal((await coinsOf(again.store)).length, 1);
    await again.chain.reconsiderBlock(again.chain.entry(blocks[3]?.header.hash as Uint8Array) as never);
    assert.equal(again.chain.tip().height, 4);
  });

  it('after such a crash the best branch that is left is followed', async () => {
    const disk = new MemoryDisk();
    const { chain, store } = await openChain(disk);
    const blocks = mineChain(chain.genesis, 4);
    const other = mineChain(chain.genesis, 3);
    await acceptAll(chain, blocks);
    for (const block of other) await chain.acceptBlock(block, { requested: true });
    await store.flush();
    await chain.invalidateBlock(chain.atHeight(2) as never);
    assert.equal(chain.tip().header.id, other[2]?.header.id);
    await disk.restart('kill');
    assert.equal((await openChain(disk)).chain.tip().header.id, other[2]?.header.id);
  });
});
