import assert from 'node:assert/strict';
import { type CoinWalk, RollbackTooLong, walkBefore } from '../../src/chain/coinWalk.ts';
import { diffOfConnected } from '../../src/chain/judgeBlock.ts';
import type { CoinChange, UtxoDiff } from '../../src/ledger/coin.ts';
import { displayOutPoint } from '../../src/primitives/outpoint.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { encodeCoin } from '../../src/store/coinCodec.ts';
import { toHex } from '../../src/util/hex.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, type TestChain } from './setup.ts';

const genesis = { header: regtest.genesis.header, height: 0 };

async function textOf(coins: AsyncIterable<CoinChange>): Promise<string[]> {
  const out: string[] = [];
  for await (const { outpoint, coin } of coins) out.push(`${displayOutPoint(outpoint)} ${toHex(encodeCoin(coin))}`);
  return out;
}

/** What the blocks above `height` did, last first. */
async function* diffsAbove({ chain }: TestChain, height: number): AsyncGenerator<UtxoDiff> {
  for (let entry = chain.tip(); entry.height > height; entry = chain.atHeight(entry.height - 1) as typeof entry) {
    const block = await chain.readBlock(entry);
    const spent = await chain.spentCoins(entry);
    assert.ok(block !== undefined && spent !== undefined);
    yield diffOfConnected(block, entry.height, spent);
  }
}

/** A chain of 106 blocks whose last ones spend coins of before and of each other; and its coins after every block. */
async function spendingChain(): Promise<{ readonly test: TestChain; readonly coinsAt: string[][] }> {
  const test = await openChain();
  const coinsAt: string[][] = [await coinsOf(test.store)];
  const ripe = mineChain(genesis, 101);
  let place = genesis;
  const connect = async (txs: readonly Tx[]): Promise<void> => {
    const block = mine(place, { txs });
    place = placeOf(block, place.height + 1);
    assert.deepEqual(await acceptAll(test.chain, [block]), ['connected']);
    coinsAt[place.height] = await coinsOf(test.store);
  };
  await acceptAll(test.chain, ripe);
  place = placeOf(ripe.at(-1) as (typeof ripe)[number], 101);
  coinsAt[101] = await coinsOf(test.store);
  const two = [
    { value: 1_000n, scriptPubKey: ANYONE },
    { value: 2_000n, scriptPubKey: ANYONE },
  ];
  const first = spend([{ tx: coinbaseOf(ripe[0] as (typeof ripe)[number]), index: 0 }], two);
  await connect([first]);
  const half = [700n, 800n].map((value) => ({ value, scriptPubKey: ANYONE }));
  const second = spend([{ tx: first, index: 1 }], half);
  const third = spend([{ tx: second, index: 0 }], [{ value: 500n, scriptPubKey: ANYONE }]);
  await connect([second, third]);
  await connect([]);
  await connect([spend([{ tx: first, index: 0 }], [{ value: 900n, scriptPubKey: ANYONE }])]);
  return { test, coinsAt };
}

describe('walks over all coins', () => {
  it('give the coins of one tip, whatever is connected while they are read', async () => {
    const test = await openChain();
    await acceptAll(test.chain, mineChain(genesis, 3));
    const before = await coinsOf(test.store);
    const { tip, coins } = await test.chain.coinsAtTip();
    const first = await coins.next();
    await acceptAll(test.chain, mineChain({ header: test.chain.tip().header, height: 3 }, 2));
    assert.equal(tip.height, 3);
    assert.equal(test.chain.tip().height, 5);
    assert.deepEqual([...(await textOf([first.value] as never)), ...(await textOf(coins))], before);
  });

  it('wait for the block under way, so that tip and coins belong together', async () => {
    const test = await openChain();
    const [block] = mineChain(genesis, 1);
    const accepted = test.chain.acceptBlock(block as NonNullable<typeof block>);
    const { tip, coins } = await test.chain.coinsAtTip();
    await accepted;
    assert.equal(tip.height, 1);
    assert.equal((await textOf(coins)).length, 1);
  });

  it('end when they are told to, also before the first coin was taken', async () => {
    const ended: string[] = [];
    async function* coins(): AsyncGenerator<CoinChange> {
      try {
        for (;;) yield { outpoint: { txid: new Uint8Array(32), index: 0 } } as CoinChange;
      } finally {
        ended.push('ended');
      }
    }
    const { beginWalk } = await import('../../src/chain/coinWalk.ts');
    const walk = await beginWalk(coins());
    await walk.return?.();
    assert.deepEqual(ended, ['ended']);
    assert.equal((await walk.next()).done, true);
  });

  it('give the coins of any earlier block, made from the tip and what was connected since', async () => {
    const { test, coinsAt } = await spendingChain();
    for (const height of [105, 104, 103, 102, 101]) {
      const { coins } = await test.chain.coinsAtTip();
      const walk = await walkBefore(coins, diffsAbove(test, height), 1000);
      assert.deepEqual(await textOf(walk), coinsAt[height], `height ${height}`);
    }
    assert.equal(test.chain.tip().height, 105, 'no tip moved');
    const { coins } = await test.chain.coinsAtTip();
    assert.deepEqual(await textOf(await walkBefore(coins, diffsAbove(test, 0), 1000)), []);
  });

  it('restore a coin that a later one replaced (BIP30)', async () => {
    const outpoint = { txid: new Uint8Array(32).fill(5), index: 0 };
    const coin = (height: number): CoinChange => ({
      outpoint,
      coin: { height, coinbase: true, out: { value: 50n, scriptPubKey: ANYONE } },
    });
    async function* one<T>(value: T): AsyncGenerator<T> {
      yield value;
    }
    const walk = await walkBefore(one(coin(9)), one({ spent: [coin(4)], added: [coin(9)] }), 10);
    assert.deepEqual(await textOf(walk), await textOf(one(coin(4))));
  });

  it('refuse to hold too many changes, and end the walk they began with', async () => {
    const { test } = await spendingChain();
    const { coins } = await test.chain.coinsAtTip();
    let ended = false;
    const watched: CoinWalk = {
      next: () => coins.next(),
      return: async () => {
        ended = true;
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => watched,
    };
    await assert.rejects(walkBefore(watched, diffsAbove(test, 0), 50), RollbackTooLong);
    assert.ok(ended);
  });
});
