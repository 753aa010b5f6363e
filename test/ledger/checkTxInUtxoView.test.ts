import { strict as assert } from 'node:assert';
import { checkTxInUtxoView } from '../../src/ledger/tx/checkTxInUtxoView.ts';
import { accepted, coinsAt, freshOutPoint, input, output, refused, tx } from './fixture.ts';

const MAX_MONEY = 2_100_000_000_000_000n;

describe('ledger/checkTxInUtxoView', () => {
  const [a, b] = [freshOutPoint(), freshOutPoint(3)];
  const spend = (pays: bigint) => tx({ inputs: [input(a), input(b)], outputs: [output(pays)] });

  it('returns the fee and the coins in the order of the inputs', () => {
    const view = coinsAt([
      [b, 70n],
      [a, 50n],
    ]);
    const { fee, coins } = accepted(checkTxInUtxoView(spend(100n), view, 10, 100));
    assert.equal(fee, 20n);
    assert.deepEqual(
      coins.map((c) => c.out.value),
      [50n, 70n],
    );
    assert.equal(accepted(checkTxInUtxoView(spend(120n), view, 10, 100)).fee, 0n);
  });

  it("'bad-txns-inputs-missingorspent': no coin, or another output of the same transaction", () => {
    refused(checkTxInUtxoView(spend(1n), coinsAt([[a, 50n]]), 10, 100), 'bad-txns-inputs-missingorspent');
    const wrongIndex = coinsAt([
      [a, 50n],
      [{ ...b, index: 2 }, 50n],
    ]);
    refused(checkTxInUtxoView(spend(1n), wrongIndex, 10, 100), 'bad-txns-inputs-missingorspent');
  });

  it("'bad-txns-premature-spend-of-coinbase': depth 100 passes, 99 does not; other coins never wait", () => {
    const t = tx({ inputs: [input(a)], outputs: [output(1n)] });
    const at = (height: number, coinbase: boolean) => coinsAt([[a, 50n, { height, coinbase }]]);
    accepted(checkTxInUtxoView(t, at(10, true), 110, 100));
    refused(checkTxInUtxoView(t, at(10, true), 109, 100), 'bad-txns-premature-spend-of-coinbase');
    accepted(checkTxInUtxoView(t, at(109, false), 109, 100));
  });

  it("'bad-txns-inputvalues-outofrange': a coin or a sum beyond 21,000,000 coins", () => {
    const of = (x: bigint, y: bigint) =>
      coinsAt([
        [a, x],
        [b, y],
      ]);
    refused(checkTxInUtxoView(spend(1n), of(MAX_MONEY + 1n, 0n), 10, 100), 'bad-txns-inputvalues-outofrange');
    refused(checkTxInUtxoView(spend(1n), of(-1n, 5n), 10, 100), 'bad-txns-inputvalues-outofrange');
    refused(checkTxInUtxoView(spend(1n), of(MAX_MONEY, 1n), 10, 100), 'bad-txns-inputvalues-outofrange');
    accepted(checkTxInUtxoView(spend(1n), of(MAX_MONEY, 0n), 10, 100));
  });

  it("'bad-txns-in-belowout': one satoshi more out than in", () => {
    const view = coinsAt([
      [a, 50n],
      [b, 70n],
    ]);
    refused(checkTxInUtxoView(spend(121n), view, 10, 100), 'bad-txns-in-belowout');
  });

  it("'bad-txns-fee-outofrange' needs negative outputs, which checkTxAlone refuses first", () => {
    const view = coinsAt([
      [a, MAX_MONEY],
      [b, 0n],
    ]);
    refused(checkTxInUtxoView(spend(-1n), view, 10, 100), 'bad-txns-fee-outofrange');
  });
});
