import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { headerContext } from '../../src/consensus/headerContext.ts';
import {
  checkPeriodForward,
  checkTimewarp,
  checkVersion,
  earliestTime,
  minimumVersion,
} from '../../src/consensus/headerRules.ts';
import { judgeOf } from '../../src/consensus/registry.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader, decodeHeader } from '../../src/primitives/header.ts';
import { medianOf, medianTimePast } from '../../src/primitives/medianTime.ts';
import { type Check, reasonOf } from '../../src/primitives/rules.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';
import { Branch } from './branch.ts';
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

const SHORT: ConsensusParams = { ...MAINNET, pow: { ...MAINNET.pow, interval: 4 } };
const BIP94: ConsensusParams = { ...SHORT, pow: { ...SHORT.pow, bip94: true } };
const GUARDED: ConsensusParams = { ...SHORT, rules: 'cairn' as const };

const codeOf = (verdict: Check): string => (verdict.ok ? 'ok' : verdict.rule);

/** A parent of time 10,000; any other ancestor has a thousand times its height. */
const contextOf = (height: number, median?: number) => headerContext(height, at(10_000), (h) => at(1000 * h), median);

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

  it("'bad-version': refused in Bitcoin Core's words, with the version in hex", () => {
    const told = (version: number, height: number): string => {
      const header = new BlockHeader({
        version,
        prevHash: ZERO_HASH,
        merkleRoot: ZERO_HASH,
        time: 1,
        bits: 0,
        nonce: 0,
      });
      const verdict = checkVersion(header, contextOf(height), MAINNET.heights);
      return verdict.ok ? 'ok' : reasonOf(verdict);
    };
    assert.equal(told(-1, 227_930), 'ok');
    assert.equal(told(1, 227_931), 'bad-version(0x00000001)');
    assert.equal(told(-1, 227_931), 'bad-version(0xffffffff)');
    assert.equal(told(3, 388_381), 'bad-version(0x00000003)');
    assert.equal(told(4, 388_381), 'ok');
  });

  it("'time-timewarp-attack': the first block of a BIP94 period at most 600 s before its parent", () => {
    const rule = (time: number, height: number, params = BIP94): string =>
      codeOf(checkTimewarp(at(time), contextOf(height), params));
    assert.equal(rule(9400, 4), 'ok');
    assert.equal(rule(9399, 4), 'time-timewarp-attack');
    assert.equal(rule(9399, 5), 'ok');
    assert.equal(rule(9399, 4, SHORT), 'ok');
  });

  it("'time-timewarp-attack': 7200 s where BIP54 guards the periods: cairn networks with Bitcoin's algorithm", () => {
    const rule = (time: number, height: number, params = GUARDED): string =>
      codeOf(checkTimewarp(at(time), contextOf(height), params));
    assert.equal(rule(2800, 4), 'ok');
    assert.equal(rule(2799, 4), 'time-timewarp-attack');
    assert.equal(rule(0, 3), 'ok');
    assert.equal(rule(2799, 4, { ...SHORT, bip54: true }), 'time-timewarp-attack');
    const asert = { ...GUARDED, pow: { ...GUARDED.pow, algo: 'asert' as const } };
    assert.equal(rule(0, 4, asert), 'ok');
  });

  it("'time-negative-interval': the last block of a period not before its first (BIP54)", () => {
    const rule = (time: number, height: number, params = GUARDED): string =>
      codeOf(checkPeriodForward(at(time), contextOf(height), params));
    // Block 4 of the context below has time 4000; it is the first of the period that block 7 ends.
    assert.equal(rule(4000, 7), 'ok');
    assert.equal(rule(3999, 7), 'time-negative-interval');
    assert.equal(rule(3999, 6), 'ok');
    assert.equal(rule(0, 7, SHORT), 'ok');
    assert.equal(rule(0, 7, BIP94), 'ok');
  });

  it('earliestTime is the first second that all rules allow', () => {
    const times = (height: number, params: ConsensusParams): number => earliestTime(contextOf(height, 2000), params);
    assert.equal(times(5, GUARDED), 2001);
    assert.equal(times(4, GUARDED), 2800);
    assert.equal(times(4, BIP94), 9400);
    assert.equal(times(7, GUARDED), 4000);
    assert.equal(times(7, SHORT), 2001);
  });
});

interface HeaderTree {
  readonly block_headers: readonly string[];
  readonly valid?: boolean;
  readonly comment?: string;
  readonly extensions?: readonly HeaderTree[];
}

describe('consensus: header chains of BIP54', () => {
  it('every chain is valid without BIP54, and with it where its vector says so', function () {
    this.timeout(60_000);
    const tree = vectorJson<HeaderTree>(this, 'bips/bip54-timestamps.json');
    let verdicts = 0;
    const reasons = new Set<string>();
    /** Extends a branch by the node's headers; the code of the first that is refused. */
    const play = (branch: Branch<unknown>, node: HeaderTree): string => {
      for (const hex of node.block_headers) {
        const verdict = branch.add(decodeHeader(fromHex(hex)));
        if (!verdict.ok) return verdict.rule;
      }
      return 'ok';
    };
    const walk = (node: HeaderTree, plain: Branch<unknown>, guarded: Branch<unknown>): void => {
      assert.equal(play(plain, node), 'ok', node.comment);
      const code = play(guarded, node);
      if (node.valid !== undefined) {
        assert.equal(code === 'ok', node.valid, `${node.comment}: ${code}`);
        verdicts++;
        reasons.add(code);
      }
      for (const next of node.extensions ?? []) walk(next, plain.fork(), guarded.fork());
    };
    const [genesis, ...rest] = tree.block_headers;
    const start = (params: ConsensusParams) => new Branch(judgeOf(params), decodeHeader(fromHex(genesis as string)));
    walk({ ...tree, block_headers: rest }, start(MAINNET), start({ ...MAINNET, bip54: true }));
    assert.ok(verdicts >= 8, `${verdicts} chains`);
    assert.deepEqual([...reasons].sort(), ['ok', 'time-negative-interval', 'time-timewarp-attack']);
  });
});
