import { strict as assert } from 'node:assert';
import { subsidyAt } from '../../src/params/subsidy.ts';

const mainnet = { subsidy: { initial: '5000000000', halvingInterval: 210_000 } };
const regtest = { subsidy: { initial: '5000000000', halvingInterval: 150 } };

describe('params/subsidy', () => {
  it('halves exactly at the interval', () => {
    assert.equal(subsidyAt(0, regtest), 5_000_000_000n);
    assert.equal(subsidyAt(149, regtest), 5_000_000_000n);
    assert.equal(subsidyAt(150, regtest), 2_500_000_000n);
    assert.equal(subsidyAt(300, regtest), 1_250_000_000n);
    assert.equal(subsidyAt(840_000, mainnet), 312_500_000n);
  });

  it('rounds half satoshis down', () => {
    assert.equal(subsidyAt(150 * 10, regtest), 4_882_812n);
  });

  it('is one satoshi at the 32nd halving, zero from the 33rd, and stays zero from the 64th', () => {
    assert.equal(subsidyAt(150 * 32, regtest), 1n);
    assert.equal(subsidyAt(150 * 33, regtest), 0n);
    assert.equal(subsidyAt(150 * 64, regtest), 0n);
    assert.equal(subsidyAt(150 * 1000, regtest), 0n);
  });

  it('sums up to 20999999.9769 coins on mainnet', () => {
    let sum = 0n;
    for (let era = 0; era < 64; era++) sum += subsidyAt(era * 210_000, mainnet) * 210_000n;
    assert.equal(sum, 2_099_999_997_690_000n);
  });
});
