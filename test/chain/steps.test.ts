import assert from 'node:assert/strict';
import { finishFlush } from '../../src/chain/finishFlush.ts';
import type { IndexEntry } from '../../src/chain/headerIndex.ts';
import type { Coin } from '../../src/chain/ports.ts';
import type { UtxoDiff } from '../../src/ledger/coin.ts';
import type { Block } from '../../src/primitives/block.ts';
import { displayHash, type Hash256 } from '../../src/primitives/hash.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import type { Pause } from '../../src/util/steps.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, mineChain, type Place, placeOf, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, openStore, outcomeOf } from './setup.ts';

const MANY = 1100;
const VALUE = 4_000_000n;

/** Blocks from genesis on: 101 empty ones, one with MANY coins, and one that spends each of them in its own transaction. */
function largeBlocks(genesis: Place): Block[] {
  const base = mineChain(genesis, 101);
  const at = placeOf(base[100] as Block, 101);
  const outputs = Array.from({ length: MANY }, () => ({ value: VALUE, scriptPubKey: ANYONE }));
  const fan = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], outputs);
  const fanned = mine(at, { txs: [fan] });
  const txs = outputs.map((out, index) => spend([{ tx: fan, index }], [{ ...out, value: VALUE - 1n }]));
  return [...base, fanned, mine(placeOf(fanned, 102), { txs })];
}

async function openPausing(pause: Pause) {
  const disk = new MemoryDisk();
  const store = await openStore(disk, { pause });
  return { disk, ...(await openChain(disk, { store, pause })) };
}

const outPointOf = (tx: Tx | undefined): OutPoint => ({ txid: (tx as Tx).txid, index: 0 });

describe('chain: large blocks in steps', () => {
  it('others run many times while one large block is judged and connected, and never for small ones', async () => {
    let pauses = 0;
    const { chain } = await openPausing(async () => {
      pauses++;
    });
    const blocks = largeBlocks(chain.genesis);
    await acceptAll(chain, blocks.slice(0, 101));
    assert.equal(pauses, 0);
    await acceptAll(chain, blocks.slice(101, 102));
    pauses = 0;
    assert.equal(outcomeOf(await chain.acceptBlock(blocks[102] as Block)), 'connected');
    // Ids, rules and sums of transactions, links, coins looked up, spent and made, undo, and the change of the coins.
    assert.ok(pauses >= 30, `${pauses} pauses`);
    pauses = 0;
    await chain.readBlock(chain.tip());
    assert.ok(pauses >= 5, `${pauses} pauses`);
  });

  it('the outcome is the same with pauses everywhere and without any', async () => {
    const turn: Pause = () => new Promise((resolve) => setImmediate(resolve));
    const paused = await openPausing(turn);
    const plain = await openChain();
    const blocks = largeBlocks(plain.chain.genesis);
    const [last, before] = [blocks[102] as Block, blocks[101] as Block];
    const two = last.txs[MANY] as Tx;
    const twice = spend([{ tx: before.txs[1] as Tx, index: MANY - 1 }], [{ value: VALUE - 2n, scriptPubKey: ANYONE }]);
    const bad = mine(placeOf(before, 102), { txs: [...last.txs.slice(1), twice] });
    const story = [...blocks.slice(0, 102), bad, last];
    const outcomes = await acceptAll(paused.chain, story);
    assert.deepEqual(outcomes.slice(-2), ['bad-txns-inputs-missingorspent', 'connected']);
    assert.deepEqual(outcomes, await acceptAll(plain.chain, story));
    assert.deepEqual(await coinsOf(paused.store), await coinsOf(plain.store));
    assert.equal((await paused.chain.coins([outPointOf(two)]))[0]?.out.value, VALUE - 1n);
    await paused.chain.invalidateBlock(paused.chain.tip());
    await plain.chain.invalidateBlock(plain.chain.tip());
    assert.deepEqual(await coinsOf(paused.store), await coinsOf(plain.store));
  });

  it('whoever asks for coins at any of the pauses finds those before or those after the block, never some of both', async () => {
    const asked: Promise<(Coin | undefined)[]>[] = [];
    let ask: () => void = () => {};
    const { chain } = await openPausing(async () => {
      ask();
      await new Promise((resolve) => setImmediate(resolve));
    });
    const blocks = largeBlocks(chain.genesis);
    await acceptAll(chain, blocks.slice(0, 102));
    const [fan, last] = [blocks[101]?.txs[1] as Tx, blocks[102] as Block];
    const spent = [0, MANY / 2, MANY - 1].map((index) => ({ txid: fan.txid, index }));
    const made = [last.txs[1], last.txs[MANY / 2], last.txs[MANY]].map(outPointOf);
    ask = () => void asked.push(chain.coins([...spent, ...made]));
    assert.equal(outcomeOf(await chain.acceptBlock(last)), 'connected');
    ask = () => {};
    const found = (await Promise.all(asked)).map((coins) =>
      coins.map((coin) => (coin === undefined ? '-' : '+')).join(''),
    );
    assert.ok(asked.length >= 30);
    assert.deepEqual([...new Set(found)].sort(), ['+++---', '---+++']);
  });

  it('a flush that a crash interrupted is finished in steps, forth and back, with the same coins', async () => {
    const { chain, store } = await openPausing(() => undefined);
    const blocks = largeBlocks(chain.genesis);
    await acceptAll(chain, blocks);
    const entries = new Map(blocks.map(({ header }) => [header.id, chain.entry(header.hash) as IndexEntry]));
    const index = { get: (hash: Hash256) => entries.get(displayHash(hash)) };
    const [before, last] = [blocks[101]?.header.hash as Hash256, blocks[102]?.header.hash as Hash256];
    const diffs: UtxoDiff[] = [];
    for (const [from, to] of [
      [before, last],
      [last, before],
    ] as const)
      for (const pausing of [true, false]) {
        let pauses = 0;
        const finished = {
          interruptedFlush: async () => ({ from, to }),
          async finishFlush(all: AsyncIterable<UtxoDiff>) {
            for await (const diff of all) diffs.push(diff);
          },
        };
        const pause = async (): Promise<void> => void pauses++;
        await finishFlush(finished, index, store, undefined, pausing ? pause : undefined);
        // Ids of the transactions, and slices of what they spent and made.
        assert.ok(pausing ? pauses >= 8 : pauses === 0, `${pauses} pauses`);
      }
    assert.equal(diffs.length, 4);
    assert.deepEqual(diffs[0], diffs[1]);
    assert.deepEqual(diffs[2], diffs[3]);
  });

  it('closing the store in the middle of a commit waits for it and keeps its coins', async () => {
    const disk = new MemoryDisk();
    let closing: Promise<void> | undefined;
    let arm = false;
    const store = await openStore(disk, {
      pause: async () => {
        if (arm) closing ??= store.close();
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const { chain } = await openChain(disk, { store });
    const blocks = largeBlocks(chain.genesis);
    await acceptAll(chain, blocks.slice(0, 101));
    const commit = store.commit.bind(store);
    store.commit = (change) => {
      arm = true;
      return commit(change);
    };
    assert.equal(outcomeOf(await chain.acceptBlock(blocks[101] as Block)), 'connected');
    assert.ok(closing !== undefined);
    await closing;
    const again = await openStore(disk);
    assert.deepEqual(await again.tip(), blocks[101]?.header.hash);
    assert.equal(await again.coinCount(), MANY + 101);
  });
});
