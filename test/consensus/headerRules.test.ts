import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { headerContext, medianOf, medianTimePast } from '../../src/consensus/headerContext.ts';
import { checkTimewarp, minimumVersion } from '../../src/consensus/headerRules.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { MAINNET } from './mainnet.ts';

const at = (time: number): BlockHeader =>
  new BlockHeader({ version: 1, prevHash: ZERO_HASH, merkleRoot: ZERO_HASH, time, bits: 0, nonce: 0 });

describe('consensus/headerContext', () => {
  it('the median of eleven is the sixth in order, of fewer the later middle', () => {
    assert.equal(medianOf([5]), 5);
    assert.equal(medianOf([9, 5]), 9);
    assert.equal(medianOf([3, 1, 2]), 2);
    assert.equal(medianOf([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), 6);
  });

  it('median time past looks at the last eleven times of the branch and no further', () => {
    const times = [999_999, ...Array.from({ length: 11 }, (_, i) => 100 + i)];
    assert.equal(
      medianTimePast(11, (h) => times[h] as number),
      105,
    );
    assert.equal(
      medianTimePast(0, () => 7),
      7,
    );
  });

  it('half of the times may lie and the median stays among the honest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { minLength: 5, maxLength: 5 }), (lies) => {
        const median = medianOf([100, 101, 102, 103, 104, 105, ...lies]);
        assert.ok(median >= 100 && median <= 105);
      }),
    );
  });

  it('uses the median it is given and computes it once when it is not', () => {
    const headers = [at(10), at(20), at(30)];
    let reads = 0;
    const ancestor = (h: number): BlockHeader => {
      reads++;
      return headers[h] as BlockHeader;
    };
    assert.equal(headerContext(3, at(30), ancestor, 77).medianTimePast(), 77);
    assert.equal(reads, 0);
    const ctx = headerContext(3, at(30), ancestor);
    assert.equal(ctx.medianTimePast(), 20);
    const after = reads;
    assert.equal(ctx.medianTimePast(), 20);
    assert.equal(reads, after);
  });
});

describe('consensus/headerRules', () => {
  it('block versions: 2 from BIP34, 3 from BIP66, 4 from BIP65', () => {
    const { heights } = MAINNET;
    for (const [height, version] of [
      [0, 1],
      [227_930, 1],
      [227_931, 2],
      [363_724, 2],
      [363_725, 3],
      [388_380, 3],
      [388_381, 4],
    ] as const)
      assert.equal(minimumVersion(height, heights), version, `height ${height}`);
  });

  it("'time-timewarp-attack': the first block of a BIP94 period at most 600 s before its parent", () => {
    const pow = { ...MAINNET.pow, bip94: true, interval: 4 };
    const ctx = (height: number) => headerContext(height, at(10_000), () => at(0));
    const rule = (time: number, height: number, p = pow): string => {
      const verdict = checkTimewarp(at(time), ctx(height), p);
      return verdict.ok ? 'ok' : verdict.rule;
    };
    assert.equal(rule(9400, 4), 'ok');
    assert.equal(rule(9399, 4), 'time-timewarp-attack');
    assert.equal(rule(9399, 5), 'ok');
    assert.equal(rule(9399, 4, { ...pow, bip94: false }), 'ok');
  });
});
