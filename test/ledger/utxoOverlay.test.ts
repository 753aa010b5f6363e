import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { Coin, CoinChange } from '../../src/ledger/coin.ts';
import { genesisDiff } from '../../src/ledger/genesisDiff.ts';
import { reverseDiff } from '../../src/ledger/utxoDiff.ts';
import { CoinMap, UtxoOverlay } from '../../src/ledger/utxoOverlay.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { type OutPoint, outPointKey } from '../../src/primitives/outpoint.ts';
import { isUnspendable } from '../../src/primitives/outputScript.ts';
import { AssertionFailure } from '../../src/util/assert.ts';
import { ANYONE, coinsAt, freshOutPoint, input, output, tx } from './fixture.ts';

const coin = (value: bigint, height = 1): Coin => ({ out: output(value), height, coinbase: false });

describe('ledger/utxoOverlay', () => {
  it('shows the base until a coin is spent, and what is made on top', () => {
    const [a, b] = [freshOutPoint(), freshOutPoint()];
    const base = coinsAt([[a, 5n]]);
    const overlay = new UtxoOverlay(base);
    assert.equal(overlay.coin(a)?.out.value, 5n);
    assert.equal(overlay.spend(a).out.value, 5n);
    assert.equal(overlay.coin(a), undefined);
    overlay.add(b, coin(7n));
    assert.equal(overlay.coin(b)?.out.value, 7n);
    assert.equal(base.coin(a)?.out.value, 5n, 'the base is never touched');
  });

  it('overlays stack: the upper changes nothing below', () => {
    const a = freshOutPoint();
    const lower = new UtxoOverlay(coinsAt([]));
    lower.add(a, coin(5n));
    const upper = new UtxoOverlay(lower);
    upper.spend(a);
    assert.equal(upper.coin(a), undefined);
    assert.equal(lower.coin(a)?.out.value, 5n);
    assert.equal(upper.diff().spent.length, 1);
  });

  it('spending what is not there or twice, and making a coin twice, is a bug', () => {
    const a = freshOutPoint();
    const overlay = new UtxoOverlay(coinsAt([[a, 5n]]));
    overlay.spend(a);
    assert.throws(() => overlay.spend(a), AssertionFailure);
    assert.throws(() => overlay.spend(freshOutPoint()), AssertionFailure);
    const b = freshOutPoint();
    overlay.add(b, coin(1n));
    assert.throws(() => overlay.add(b, coin(1n)), AssertionFailure);
  });

  it('applyTx spends inputs, adds spendable outputs and marks a coinbase', () => {
    const a = freshOutPoint();
    const overlay = new UtxoOverlay(coinsAt([[a, 5n]]));
    const t = tx({ inputs: [input(a)], outputs: [output(3n), output(0n, Uint8Array.of(0x6a)), output(2n)] });
    overlay.applyTx(t, 9);
    assert.equal(overlay.coin(a), undefined);
    assert.deepEqual(
      [0, 1, 2].map((index) => overlay.coin({ txid: t.txid, index })?.out.value),
      [3n, undefined, 2n],
    );
    assert.deepEqual(
      overlay.diff().added.map((c) => [c.coin.height, c.coin.coinbase]),
      [
        [9, false],
        [9, false],
      ],
    );
  });

  it('any run of transactions: the diff takes the base to the end state, its reverse takes it back', () => {
    const start: readonly OutPoint[] = Array.from({ length: 6 }, () => freshOutPoint());
    const apply = (coins: Map<string, Coin>, remove: readonly CoinChange[], add: readonly CoinChange[]): void => {
      for (const { outpoint } of remove) assert.ok(coins.delete(outPointKey(outpoint)), 'removes only what is there');
      for (const { outpoint, coin: c } of add) {
        assert.ok(!coins.has(outPointKey(outpoint)), 'adds only what is not there');
        coins.set(outPointKey(outpoint), c);
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 3 })), { maxLength: 12 }),
        (steps) => {
          const base = new Map(start.map((o, i) => [outPointKey(o), coin(BigInt(i + 1))]));
          const before = new Map(base);
          const overlay = new UtxoOverlay({ coin: (o) => base.get(outPointKey(o)) });
          const live: OutPoint[] = [...start];
          for (const [x, y, outs] of steps) {
            if (live.length < 2) break;
            const first = live.splice(x % live.length, 1)[0] as OutPoint;
            const second = live.splice(y % live.length, 1)[0] as OutPoint;
            const t = tx({
              inputs: [input(first), input(second)],
              outputs: Array.from({ length: outs }, (_, i) => output(BigInt(i))),
            });
            overlay.applyTx(t, 5);
            for (let index = 0; index < outs; index++) live.push({ txid: t.txid, index });
          }
          const diff = overlay.diff();
          apply(base, diff.spent, diff.added);
          assert.deepEqual([...base.keys()].sort(), live.map(outPointKey).sort());
          const undo = reverseDiff(diff);
          apply(base, undo.spent, undo.added);
          assert.deepEqual(
            new Map([...base].sort(([p], [q]) => (p < q ? -1 : 1))),
            new Map([...before].sort(([p], [q]) => (p < q ? -1 : 1))),
          );
        },
      ),
    );
  });

  it('CoinMap holds what was found and nothing else', () => {
    const [a, b] = [freshOutPoint(), freshOutPoint()];
    const map = CoinMap.of([a, b], [coin(1n), undefined]);
    assert.equal(map.coin(a)?.out.value, 1n);
    assert.equal(map.coin(b), undefined);
    assert.equal(map.coin({ ...a, index: 1 }), undefined);
  });

  it('CoinMap gives the same answers in the order fetched, in any other, again, and to copies of outpoints', () => {
    const fetched = Array.from({ length: 5 }, (_, i) => freshOutPoint(i));
    const found = fetched.map((_, i) => (i === 2 ? undefined : coin(BigInt(i))));
    const places = fc.array(fc.tuple(fc.nat(fetched.length - 1), fc.boolean()));
    fc.assert(
      fc.property(fc.boolean(), places, (inOrder, others) => {
        const map = CoinMap.of(fetched, found);
        const asked = [...(inOrder ? fetched.map((_, i) => [i, false] as const) : []), ...others];
        for (const [i, copied] of asked) {
          const outpoint = fetched[i] as OutPoint;
          assert.equal(map.coin(copied ? { ...outpoint } : outpoint), found[i]);
        }
      }),
    );
  });
});

describe('ledger/unspendable', () => {
  it('OP_RETURN first, or more than 10,000 bytes', () => {
    assert.equal(isUnspendable(Uint8Array.of(0x6a)), true);
    assert.equal(isUnspendable(Uint8Array.of(0x51, 0x6a)), false);
    assert.equal(isUnspendable(new Uint8Array(10_000)), false);
    assert.equal(isUnspendable(new Uint8Array(10_001)), true);
    assert.equal(isUnspendable(new Uint8Array()), false);
    assert.equal(isUnspendable(ANYONE), false);
  });
});

describe('ledger/genesisDiff', () => {
  it("Bitcoin's genesis output never enters the coin set", () => {
    const network = builtInNetwork('regtest');
    assert.ok(network);
    assert.deepEqual(genesisDiff(network), { spent: [], added: [] });
  });

  it('cairn allocations are plain coins of height 0, the commitment is none', () => {
    const network = builtInNetwork('cairn-devnet');
    assert.ok(network);
    const { spent, added } = genesisDiff(network);
    assert.equal(spent.length, 0);
    assert.equal(added.length, 10);
    for (const [i, { outpoint, coin: c }] of added.entries()) {
      assert.deepEqual(outpoint, { txid: network.genesis.txs[0]?.txid, index: i });
      assert.deepEqual([c.height, c.coinbase, c.out.value], [0, false, 1_000_000_000_000n]);
    }
  });
});
