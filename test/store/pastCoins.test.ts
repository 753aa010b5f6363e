import assert from 'node:assert/strict';
import type { CoinChange } from '../../src/chain/ports.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { KvPastCoins } from '../../src/store/pastCoins.ts';

const made = (from: number, to: number): CoinChange[] =>
  Array.from({ length: to - from }, (_, i) => ({
    outpoint: { txid: sha256(Buffer.from(`coin ${from + i}`)), index: 0 },
    coin: { out: { value: 1n, scriptPubKey: new Uint8Array(22) }, height: 1, coinbase: false },
  }));

describe('store: coins below a snapshot', () => {
  it('a change that was cut half way is never flushed, neither by order nor by the close', async () => {
    const kv = new MemoryKv();
    let cut = false;
    const open = () =>
      KvPastCoins.open({
        ...{ kv, path: 'past', cacheBytes: 1_000_000, salt: new Uint8Array(16) },
        syncChain: async () => {},
        pause: () => {
          if (cut) throw new Error('cut');
          return undefined;
        },
        remove: async () => {},
      });
    const coins = await open();
    assert.ok(coins !== undefined);
    const [first, second, third] = [1, 2, 3].map((n) => sha256(Uint8Array.of(n))) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    await coins.commit(first, { spent: [], added: made(0, 100) });
    await coins.flush();
    await coins.commit(second, { spent: [], added: made(100, 200) });
    cut = true;
    await assert.rejects(coins.commit(third, { spent: [], added: made(200, 5000) }), /cut/);
    cut = false;
    await assert.rejects(coins.flush(), /whole/);
    await assert.rejects(coins.commit(third, { spent: [], added: [] }), /whole/);
    kv.close = async () => {};
    await coins.close();
    const again = await open();
    assert.deepEqual([await again?.tip(), await again?.coinCount()], [first, 100]);
    assert.deepEqual(await again?.coins(made(200, 203).map(({ outpoint }) => outpoint)), [
      undefined,
      undefined,
      undefined,
    ]);
  });
});
