import { strict as assert } from 'node:assert';
import { type Bip30, bip30For } from '../../src/ledger/block/bip30.ts';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { neededCoins } from '../../src/ledger/block/neededCoins.ts';
import type { Coin } from '../../src/ledger/coin.ts';
import type { ConnectContext } from '../../src/ledger/context.ts';
import { reverseDiff } from '../../src/ledger/utxoDiff.ts';
import { CoinMap, UtxoOverlay } from '../../src/ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import type { Block } from '../../src/primitives/block.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';
import {
  accepted,
  blockAt,
  coinbaseOf,
  contextAt,
  freshOutPoint,
  input,
  listed,
  output,
  refused,
  tx,
  withHeights,
} from './fixture.ts';

const MAIN = builtInNetwork('bitcoin-main')?.consensus as ConsensusParams;
const BIP34_BLOCK = '000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8';
const REPEATS: readonly (readonly [number, string])[] = [
  [91_842, '00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec'],
  [91_880, '00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721'],
];

/** What holds for a block of that hash, on a branch whose block at the height of BIP34 has the hash `bip34`. */
function ruleAt(height: number, params: ConsensusParams, id = 'ff'.repeat(32), bip34 = BIP34_BLOCK): Bip30 {
  const ctx: ConnectContext = {
    ...contextAt(height, params),
    idAt: (h) => {
      assert.ok(h < height, 'only ancestors are asked for');
      return h === 227_931 ? bip34 : '00';
    },
  };
  return bip30For({ header: { id } } as unknown as Block, ctx);
}

describe('ledger: BIP30', () => {
  it('is not looked up where every coinbase carries its height', () => {
    for (const bip34 of [0, 1]) assert.equal(ruleAt(500, withHeights({ bip34 })), 'unneeded');
    assert.equal(ruleAt(500, withHeights({ bip34: 2 })), 'enforced');
  });

  it("on Bitcoin's main chain: enforced up to BIP34's block, unneeded on its known branch, enforced again from 1,983,702", () => {
    assert.equal(ruleAt(1, MAIN), 'enforced');
    assert.equal(ruleAt(227_931, MAIN), 'enforced');
    assert.equal(ruleAt(227_932, MAIN), 'unneeded');
    assert.equal(ruleAt(1_983_701, MAIN), 'unneeded');
    assert.equal(ruleAt(1_983_702, MAIN), 'enforced');
    assert.equal(ruleAt(5_000_000, MAIN), 'enforced');
  });

  it("another block at BIP34's height: enforced for ever", () => {
    assert.equal(ruleAt(227_932, MAIN, undefined, '11'.repeat(32)), 'enforced');
    assert.equal(ruleAt(1_000_000, MAIN, undefined, '11'.repeat(32)), 'enforced');
  });

  it('the two repeats by height and hash together', () => {
    for (const [height, id] of REPEATS) {
      assert.equal(ruleAt(height, MAIN, id), 'repeat');
      assert.equal(ruleAt(height, MAIN), 'enforced');
      assert.equal(ruleAt(height + 1, MAIN, id), 'enforced');
    }
  });

  describe('a repeated coinbase', () => {
    const HEIGHT = 120;
    const bare = withHeights({ bip34: 1000, segwit: 1000 });
    const a = freshOutPoint();
    const pays = tx({ inputs: [input(a)], outputs: [output(40n)] });
    const block = blockAt(HEIGHT, { params: bare, txs: [pays], fees: 60n });
    const coinbase = coinbaseOf(block);
    const again = { txid: coinbase.txid, index: 0 };
    const params: ConsensusParams = {
      ...bare,
      exceptions: { scriptFlags: [], bip30Repeats: [{ height: HEIGHT, block: block.header.id }] },
    };
    const ctx = contextAt(HEIGHT, params);
    const old: Coin = { out: coinbase.outputs[0] as Coin['out'], height: 50, coinbase: true };
    const paid: Coin = { out: output(100n), height: 5, coinbase: false };
    const view = CoinMap.of([a, again], [paid, old]);

    it("is 'bad-txns-BIP30' in any other block", () => {
      refused(connectBlock(block, view, contextAt(HEIGHT, bare)), 'bad-txns-BIP30');
      refused(connectBlock(block, view, contextAt(HEIGHT + 1, params)), 'bad-txns-BIP30');
    });

    it('is fetched, and replaces the coin of the earlier one', () => {
      assert.ok(neededCoins(block, ctx).map(outPointKey).includes(outPointKey(again)));
      const { diff } = accepted(connectBlock(block, view, ctx));
      assert.deepEqual(diff.spent.map(({ coin }) => coin.height).sort(), [5, 50]);
      const added = diff.added.find(({ outpoint }) => outPointKey(outpoint) === outPointKey(again));
      assert.equal(added?.coin.height, HEIGHT);
    });

    it('can be taken back: the earlier coin is there again', () => {
      const { diff } = accepted(connectBlock(block, view, ctx));
      const coins = new Map([
        [outPointKey(a), paid],
        [outPointKey(again), old],
      ]);
      for (const change of [diff, reverseDiff(diff)]) {
        for (const { outpoint } of change.spent) assert.ok(coins.delete(outPointKey(outpoint)));
        for (const { outpoint, coin } of change.added) coins.set(outPointKey(outpoint), coin);
      }
      assert.equal(coins.size, 2);
      assert.equal(coins.get(outPointKey(again)), old);
    });

    it('undo data rebuilds the same diff', () => {
      const { diff } = accepted(connectBlock(block, view, ctx));
      const before = CoinMap.of(
        diff.spent.map((c) => c.outpoint),
        diff.spent.map((c) => c.coin),
      );
      const overlay = new UtxoOverlay(before);
      for (const t of block.txs) overlay.applyTx(t, HEIGHT);
      assert.deepEqual(listed(overlay.diff().added), listed(diff.added));
      assert.deepEqual(listed(overlay.diff().spent), listed(diff.spent));
    });

    it('made, replacing another, and spent at once: the other is gone', () => {
      const overlay = new UtxoOverlay(view);
      overlay.add(again, { ...old, height: HEIGHT });
      assert.equal(overlay.spend(again).height, HEIGHT);
      assert.equal(overlay.coin(again), undefined);
      assert.deepEqual(
        overlay.diff().spent.map(({ coin }) => coin.height),
        [50],
      );
      assert.deepEqual(overlay.diff().added, []);
    });
  });
});
