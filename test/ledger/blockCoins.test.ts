import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { neededCoins } from '../../src/ledger/block/neededCoins.ts';
import type { Coin, CoinChange } from '../../src/ledger/coin.ts';
import { CoinMap, UtxoOverlay } from '../../src/ledger/utxoOverlay.ts';
import { type OutPoint, outPointKey } from '../../src/primitives/outpoint.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { accepted, blockAt, contextAt, freshOutPoint, input, output, refused, tx } from './fixture.ts';

const HEIGHT = 200;
const BURN = Uint8Array.of(0x6a);
const coin = (value: bigint): Coin => ({ out: output(value), height: 1, coinbase: false });

/** Coins before the block, by key. */
const start = new Map<string, readonly [OutPoint, Coin]>();
for (let i = 0; i < 6; i++) {
  const outpoint = freshOutPoint(i);
  start.set(outPointKey(outpoint), [outpoint, coin(BigInt(1000 + i))]);
}

/** What of a change must be the same, in order. */
const shown = (changes: readonly CoinChange[]) =>
  changes.map(({ outpoint, coin: c }) => [outPointKey(outpoint), c.out, c.height, c.coinbase]);

/** One transaction for every step, each spending one or two of the coins that are left; some outputs are unspendable. */
function transactions(steps: readonly (readonly [number, number, number])[]): Tx[] {
  const live = [...start.values()].map(([outpoint]) => outpoint);
  return steps.flatMap(([x, y, outs]) => {
    if (live.length < 2) return [];
    const inputs = [live.splice(x % live.length, 1), y % 2 === 0 ? live.splice(y % live.length, 1) : []].flat();
    const outputs = Array.from({ length: outs }, (_, i) => output(0n, i === 1 ? BURN : undefined));
    const made = tx({ inputs: inputs.map((outpoint) => input({ ...outpoint })), outputs });
    outputs.forEach((out, index) => {
      if (out.scriptPubKey !== BURN) live.push({ txid: made.txid, index });
    });
    return [made];
  });
}

const arbTxs = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 4 })), { maxLength: 12 })
  .map(transactions);

describe('ledger/blockCoins', () => {
  it('a block changes coins as its transactions do one after another, listed in the same order', () => {
    fc.assert(
      fc.property(arbTxs, (txs) => {
        const block = blockAt(HEIGHT, { txs });
        const overlay = new UtxoOverlay({ coin: (o) => start.get(outPointKey(o))?.[1] });
        for (const t of block.txs) overlay.applyTx(t, HEIGHT);
        const needed = neededCoins(block, contextAt(HEIGHT));
        const view = CoinMap.of(
          needed,
          needed.map((o) => start.get(outPointKey(o))?.[1]),
        );
        const { diff } = accepted(connectBlock(block, view, contextAt(HEIGHT)));
        assert.deepEqual(shown(diff.spent), shown(overlay.diff().spent));
        assert.deepEqual(shown(diff.added), shown(overlay.diff().added));
      }),
    );
  });

  it('a coin that an earlier transaction spent, never made or made unspendable is missing, wherever it came from', () => {
    fc.assert(
      fc.property(arbTxs, fc.nat(), fc.nat(5), (txs, pick, index) => {
        const everything = [...start.values()].map(([o]) => o).concat(txs.map(({ txid }) => ({ txid, index })));
        const target = everything[pick % everything.length] as OutPoint;
        const late = tx({ inputs: [input(target)], outputs: [output(0n)] });
        const overlay = new UtxoOverlay({ coin: (o) => start.get(outPointKey(o))?.[1] });
        for (const t of txs) overlay.applyTx(t, HEIGHT);
        const view = { coin: (o: OutPoint) => start.get(outPointKey(o))?.[1] };
        const verdict = connectBlock(blockAt(HEIGHT, { txs: [...txs, late] }), view, contextAt(HEIGHT));
        if (overlay.coin(target) === undefined) refused(verdict, 'bad-txns-inputs-missingorspent');
        else accepted(verdict);
      }),
    );
  });

  it('a transaction that names one coin twice has it once', () => {
    const [outpoint] = start.values().next().value as readonly [OutPoint, Coin];
    const twice = tx({ inputs: [input(outpoint), input({ ...outpoint })], outputs: [output(0n)] });
    const view = { coin: (o: OutPoint) => start.get(outPointKey(o))?.[1] };
    const verdict = connectBlock(blockAt(HEIGHT, { txs: [twice] }), view, contextAt(HEIGHT));
    refused(verdict, 'bad-txns-inputs-missingorspent');
  });
});
