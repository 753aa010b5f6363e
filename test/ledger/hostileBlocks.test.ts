import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { neededCoins } from '../../src/ledger/block/neededCoins.ts';
import type { CoinMap } from '../../src/ledger/utxoOverlay.ts';
import { type Block, decodeBlock, encodeBlock } from '../../src/primitives/block.ts';
import { type Check, RULES } from '../../src/primitives/rules.ts';
import { DecodeError } from '../../src/util/codec.ts';
import {
  blockAt,
  coinsAt,
  contextAt,
  freshOutPoint,
  input,
  output,
  P2WPKH,
  REGTEST,
  tx,
  withHeights,
  withTxs,
} from './fixture.ts';

const HEIGHT = 120;

/** A valid block with several kinds of spends, and the coins it needs. */
function sample(): { readonly bytes: Uint8Array; readonly view: CoinMap } {
  const [a, b, c] = [freshOutPoint(), freshOutPoint(), freshOutPoint()];
  const first = tx({ inputs: [input(a)], outputs: [output(50n), output(40n, P2WPKH)] });
  const second = tx({
    inputs: [input(b, { witness: [new Uint8Array(71), new Uint8Array(33)] }), input({ txid: first.txid, index: 0 })],
    outputs: [output(10n)],
  });
  const third = tx({
    inputs: [input(c, { sequence: 3 })],
    outputs: [output(1n, Uint8Array.of(0x6a, 0x01, 0x00))],
    lockTime: 5,
  });
  const block = blockAt(HEIGHT, { txs: [first, second, third] });
  return {
    bytes: encodeBlock(block),
    view: coinsAt([
      [a, 100n],
      [b, 100n, { out: output(100n, P2WPKH) }],
      [c, 100n],
    ]),
  };
}

/** All checks one after another, as a node runs them. */
function judge(block: Block, view: CoinMap, params = REGTEST): Check<unknown> {
  const ctx = contextAt(HEIGHT, params);
  const alone = checkBlockAlone(block);
  if (!alone.ok) return alone;
  const placed = checkBlockInHeaderContext(block, ctx);
  if (!placed.ok) return placed;
  neededCoins(block, ctx);
  return connectBlock(block, view, ctx);
}

describe('ledger: hostile blocks get a verdict, never an exception', () => {
  const { bytes, view } = sample();

  it('the unharmed block passes', () => {
    const verdict = judge(decodeBlock(bytes), view);
    assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
  });

  const harm = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  for (const [what, repaired, params] of [
    ['as they come', false, REGTEST],
    ['with the merkle root made right again', true, REGTEST],
    ['the same before BIP34 and BIP68', true, withHeights({ bip34: 500, csv: 500 })],
  ] as const) {
    it(`bytes changed at random, ${what}`, function () {
      this.timeout(20_000);
      const seen = new Set<string>();
      fc.assert(
        fc.property(harm, (changes) => {
          const copy = bytes.slice();
          for (const [at, value] of changes) copy[at] = value;
          let block: Block;
          try {
            block = decodeBlock(copy);
          } catch (error) {
            assert.ok(error instanceof DecodeError, String(error));
            return;
          }
          const verdict = judge(repaired ? withTxs(block, block.txs) : block, view, params);
          seen.add(verdict.ok ? 'ok' : verdict.rule);
          if (!verdict.ok) assert.ok(verdict.rule in RULES && verdict.detail.length < 1000);
        }),
        { numRuns: 3000 },
      );
      assert.ok(seen.size > (repaired ? 4 : 0), [...seen].join(' '));
    });
  }
});
