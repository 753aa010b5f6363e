import assert from 'node:assert/strict';
import type { Coin, CoinChange } from '../../src/chain/ports.ts';
import { CoinDoubt } from '../../src/store/coinDoubt.ts';
import { DamageLatch } from '../../src/store/damageLatch.ts';
import { StoreError } from '../../src/store/errors.ts';
import type { Damage } from '../../src/store/level/damage.ts';

const HOUR = 3_600_000;
const outpoint = { txid: new Uint8Array(32).fill(7), index: 1 };
const coin: Coin = { height: 1, coinbase: false, out: { value: 1n, scriptPubKey: Uint8Array.of(0x51) } };

/** A database of three coins, of which none is the doubtful one, and whose tables are good. */
function scene() {
  const s = {
    now: 0,
    answer: undefined as Coin | undefined,
    number: 3,
    damage: undefined as Damage | undefined,
    /** What a look at a table, or at a coin, takes. */
    tableMs: 0,
    coinMs: 0,
    calls: [] as string[],
    told: [] as string[],
    latch: new DamageLatch(),
    stop: new AbortController(),
    look: async (_found: boolean): Promise<void> => {},
  };
  const doubt = new CoinDoubt({
    path: 'folder/chain',
    latch: s.latch,
    stop: s.stop.signal,
    nowMs: () => s.now,
    tell: (message) => void s.told.push(message),
    tables: {
      async verify(key, isOver) {
        s.calls.push(key === undefined ? 'all tables' : 'its tables');
        s.now += s.tableMs;
        return isOver?.() === true ? undefined : s.damage;
      },
    },
  });
  const store = {
    coins: async () => [s.answer],
    async *allCoins(): AsyncGenerator<CoinChange> {
      s.calls.push('all coins');
      for (let i = 0; i < s.number; i++) {
        s.now += s.coinMs;
        yield { outpoint, coin };
      }
    },
    coinCount: async () => 3,
  };
  s.look = (found) => doubt.look(outpoint, found, store);
  return s;
}

async function isDamage(s: ReturnType<typeof scene>, found: boolean, pattern: RegExp): Promise<void> {
  await assert.rejects(s.look(found), (error: unknown) => {
    assert.ok(error instanceof StoreError && error.kind === 'corrupt', String(error));
    assert.match(error.message, pattern);
    assert.match(error.hint, /--reindex-chainstate/);
    return error === s.latch.error;
  });
}

describe('store: a coin that is missing, or should be', () => {
  it('all is looked at once an hour, the tables of the coin each time', async () => {
    const s = scene();
    await s.look(false);
    assert.deepEqual(s.calls.splice(0), ['its tables', 'all tables', 'all coins']);
    assert.equal(s.told.length, 1);
    s.now = HOUR - 1;
    await s.look(false);
    assert.deepEqual(s.calls.splice(0), ['its tables']);
    s.now = HOUR;
    await s.look(false);
    assert.deepEqual(s.calls.splice(0), ['its tables', 'all tables', 'all coins']);
    assert.equal(s.latch.error, undefined);
  });

  it('damage in a table is named with file and offset, and the coin', async () => {
    const s = scene();
    s.damage = { path: 'folder/chain/000005.ldb', offset: 17, detail: 'block has a wrong checksum' };
    await isDamage(
      s,
      false,
      /^coin (07){32}:1 is not there: offset 17: block has a wrong checksum \(folder\/chain\/000005\.ldb\)/,
    );
    assert.deepEqual(s.calls, ['its tables']);
  });

  it('an answer that changes is damage', async () => {
    const s = scene();
    s.answer = coin;
    await isDamage(s, false, /is not there, and asked again it is otherwise/);
    const other = scene();
    await isDamage(other, true, /is there and should not be, and asked again it is otherwise/);
  });

  it('one coin too few or too many is damage', async () => {
    for (const number of [2, 4]) {
      const s = scene();
      s.number = number;
      await isDamage(s, false, new RegExp(`there are ${number} coins, not 3 as the database counts`));
    }
  });

  it('after a minute the verdict stands, and people are told what was not looked at', async () => {
    for (const slow of [{ tableMs: 61_000 }, { coinMs: 31, number: 2500 }]) {
      const s = scene();
      Object.assign(s, slow);
      await s.look(false);
      assert.equal(s.told.length, 2);
      assert.match(s.told[1] ?? '', /not enough time .* cairn db verify/);
      assert.equal(s.latch.error, undefined);
    }
  });

  it('a node that stops does not wait for it, and nothing is refused', async () => {
    const s = scene();
    s.number = 2500;
    s.stop.abort(new Error('stopping'));
    await assert.rejects(s.look(false), /^Error: stopping$/);
    assert.equal(s.latch.error, undefined);
  });
});
