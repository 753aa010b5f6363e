import { strict as assert } from 'node:assert';
import { headerContext } from '../../src/consensus/headerContext.ts';
import { bitcoinBits, bitcoinDifficulty, retarget } from '../../src/consensus/pow/bitcoinDifficulty.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { MAINNET } from './mainnet.ts';

const MAIN = MAINNET.pow;
const LIMIT = 0x1d00ffff;
const HARD = 0x1b00ffff;

/** Headers 0 … n-1 with the given bits and times; times default to one per spacing. */
function chain(bits: readonly number[], times: readonly number[] = bits.map((_, i) => 1_000_000 + 600 * i)) {
  const headers = bits.map(
    (b, i) =>
      new BlockHeader({
        version: 4,
        prevHash: ZERO_HASH,
        merkleRoot: ZERO_HASH,
        time: times[i] as number,
        bits: b,
        nonce: i,
      }),
  );
  return headerContext(headers.length, headers.at(-1) as BlockHeader, (h) => headers[h] as BlockHeader);
}

const repeat = (n: number, bits: number): number[] => Array.from({ length: n }, () => bits);

describe('consensus/bitcoinDifficulty: retarget', () => {
  // The four cases of Bitcoin Core's pow_tests: real retargets at heights 32256, 2016, 68544 and a constructed one.
  for (const [what, bits, first, last, expected] of [
    ['a real period on time', 0x1d00ffff, 1261130161, 1262152739, 0x1d00d86a],
    ['the limit stays the limit', 0x1d00ffff, 1231006505, 1233061996, 0x1d00ffff],
    ['no more than four times harder', 0x1c05a3f4, 1279008237, 1279297671, 0x1c0168fd],
    ['no more than four times easier', 0x1c387f6f, 1263163443, 1269211443, 0x1d00e1fd],
  ] as const) {
    it(what, () => assert.equal(retarget(MAIN, bits, first, last), expected));
  }

  it('a period of negative length counts as a quarter', () => {
    assert.equal(retarget(MAIN, 0x1c05a3f4, 2_000_000, 1_000_000), retarget(MAIN, 0x1c05a3f4, 0, 302_400));
  });

  it('measures from the first block of the period to the last, one interval short', () => {
    const pow = { ...MAIN, interval: 4 };
    const times = [0, 600, 1200, 1800].map((t) => t + 1_000_000);
    // 1800 s measured where 2400 s are ideal: a quarter harder although blocks came on schedule.
    assert.equal(bitcoinBits(pow, chain(repeat(4, HARD), times), 0), retarget(pow, HARD, 0, 1800));
    assert.notEqual(bitcoinBits(pow, chain(repeat(4, HARD), times), 0), HARD);
  });

  it('between retargets the bits are the parent’s, whatever the times', () => {
    const pow = { ...MAIN, interval: 4 };
    for (const n of [1, 2, 3, 5, 6, 7])
      assert.equal(bitcoinBits(pow, chain(repeat(n, HARD)), 4_000_000_000), HARD, `height ${n}`);
  });

  it('noRetarget keeps the parent’s bits at the end of a period', () => {
    const pow = { ...MAIN, interval: 4, noRetarget: true };
    assert.equal(bitcoinBits(pow, chain(repeat(4, HARD)), 0), HARD);
  });
});

describe('consensus/bitcoinDifficulty: test networks', () => {
  const pow: ConsensusParams['pow'] = { ...MAIN, interval: 6, allowMinDifficulty: true };
  const next = (bits: readonly number[], late: number, p = pow): number => {
    const ctx = chain(bits);
    return bitcoinBits(p, ctx, ctx.parent.time + late);
  };

  it('a block more than twenty minutes after its parent may use the limit, exactly twenty not', () => {
    assert.equal(next([HARD, HARD], 1201), LIMIT);
    assert.equal(next([HARD, HARD], 1200), HARD);
    assert.equal(next([HARD, HARD], -5000), HARD);
  });

  it('after blocks at the limit the last real bits hold again', () => {
    assert.equal(next([HARD, 0x1b00eeee, LIMIT], 600), 0x1b00eeee);
    assert.equal(next([HARD, 0x1b00eeee, LIMIT, LIMIT], 600), 0x1b00eeee);
  });

  it('the walk back ends at the start of the period and at genesis', () => {
    assert.equal(next([...repeat(6, HARD), LIMIT, LIMIT], 600), LIMIT);
    assert.equal(next([LIMIT, LIMIT, LIMIT], 600), LIMIT);
    assert.equal(next([...repeat(5, HARD), HARD, 0x1b00eeee, LIMIT], 600), 0x1b00eeee);
  });

  it('a retarget starts from the last block’s bits, with BIP94 from the first’s', () => {
    const bits = [HARD, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT];
    assert.equal(next(bits, 600), retarget(pow, LIMIT, 0, 3000));
    assert.equal(next(bits, 600, { ...pow, bip94: true }), retarget(pow, HARD, 0, 3000));
  });

  it('the exception does not touch the retarget block', () => {
    assert.equal(next(repeat(6, HARD), 10_000), retarget(pow, HARD, 0, 3000));
  });
});

describe('consensus/bitcoinDifficulty: state', () => {
  it('is empty, and refuses bytes', () => {
    const rule = bitcoinDifficulty(MAIN);
    assert.equal(rule.encode(rule.genesis()).length, 0);
    assert.equal(rule.decode(new Uint8Array()), null);
    assert.throws(() => rule.decode(Uint8Array.of(1)), DecodeError);
  });
});
