import { strict as assert } from 'node:assert';
import type { Judge } from '../../src/consensus/engine.ts';
import { judgeOf } from '../../src/consensus/registry.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { decodeCompact } from '../../src/primitives/compact.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader, type HeaderFields } from '../../src/primitives/header.ts';
import type { Check, RuleCode } from '../../src/primitives/rules.ts';
import { Branch, mined } from './branch.ts';

const GENESIS_TIME = 1_700_000_000;

function refused(verdict: Check<unknown>, rule: RuleCode): void {
  assert.equal(verdict.ok ? 'accepted' : verdict.rule, rule, verdict.ok ? '' : verdict.detail);
}

/**
 * What every judge of proof-of-work headers promises, whatever its difficulty rule. `params` must have the limit
 * 0x207fffff, so that mining here takes two hashes, and heights of BIP34/66/65 at 1 or as the name says.
 */
export function judgeContract(name: string, params: ConsensusParams): void {
  const { spacing } = params.pow;
  const genesis = new BlockHeader({
    version: 1,
    prevHash: ZERO_HASH,
    merkleRoot: ZERO_HASH,
    time: GENESIS_TIME,
    bits: 0x207fffff,
    nonce: 0,
  });
  const start = (): Branch<unknown> => new Branch(judgeOf(params), genesis);
  const solve = (fields: HeaderFields): BlockHeader => mined(fields, decodeCompact(fields.bits).target);
  /** A branch of `n` good headers, one per spacing. */
  const grown = (n: number): Branch<unknown> => {
    const branch = start();
    for (let i = 0; i < n; i++) {
      const verdict = branch.add(solve(branch.next({ time: branch.tip.time + spacing })));
      assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
    }
    return branch;
  };
  const later = (branch: Branch<unknown>, fields: Partial<HeaderFields> = {}): HeaderFields =>
    branch.next({ time: branch.tip.time + spacing, ...fields });

  describe(`judge contract: ${name}`, () => {
    it('accepts a chain of headers that carry the bits it asks for', () => {
      assert.equal(grown(40).headers.length, 41);
    });

    it('judges the same way twice, and a refused header leaves no trace', () => {
      const branch = grown(15);
      const header = solve(later(branch));
      const now = header.time * 1000;
      const first = branch.verify(header, now);
      refused(branch.verify(mined(later(branch), decodeCompact(header.bits).target, true), now), 'high-hash');
      assert.deepEqual(branch.verify(header, now), first);
      assert.ok(first.ok);
    });

    it('states survive encoding: a restarted judge goes on as if nothing happened', () => {
      const branch = grown(25);
      const { judge } = branch;
      for (const state of branch.states) {
        const bytes = judge.encodeState(state);
        assert.deepEqual(judge.decodeState(bytes), state);
        assert.ok(bytes.length <= 64, 'states are small');
      }
      const again: Judge<unknown> = judgeOf(params);
      const header = solve(later(branch));
      const restored = again.decodeState(judge.encodeState(branch.state));
      assert.deepEqual(
        again.verify({ header, seal: new Uint8Array() }, branch.context(), restored, header.time * 1000),
        branch.verify(header, header.time * 1000),
      );
    });

    it("'high-hash': a hash one above the target, and bits that name no target", () => {
      const branch = grown(3);
      const fields = later(branch);
      const now = fields.time * 1000;
      refused(branch.verify(mined(fields, decodeCompact(fields.bits).target, true), now), 'high-hash');
      for (const bits of [0, 0x20800001, 0x2100ffff, 0x207fffff + 1, 0xff123456, 0x01fedcba])
        refused(branch.verify(new BlockHeader({ ...fields, bits }), now), 'high-hash');
    });

    it("'prev-blk-not-found': a header on another parent than its context says", () => {
      const branch = grown(3);
      const header = solve(later(branch, { prevHash: (branch.headers[1] as BlockHeader).hash }));
      refused(branch.verify(header, header.time * 1000), 'prev-blk-not-found');
    });

    it("'bad-diffbits': easier, harder and equal-but-not-canonical bits", () => {
      const branch = grown(3);
      const due = later(branch).bits;
      for (const bits of [due - 1, 0x207ffffe, 0x2000ffff]) {
        if (bits === due) continue;
        const header = solve(later(branch, { bits }));
        refused(branch.verify(header, header.time * 1000), 'bad-diffbits');
      }
    });

    it("'time-too-old': at the median time past refused, one second later accepted", () => {
      const branch = grown(20);
      const median = (branch.headers[15] as BlockHeader).time;
      const now = (branch.tip.time + spacing) * 1000;
      refused(branch.verify(solve(branch.next({ time: median })), now), 'time-too-old');
      refused(branch.verify(solve(branch.next({ time: median - 1 })), now), 'time-too-old');
      assert.ok(branch.verify(solve(branch.next({ time: median + 1 })), now).ok);
    });

    it("'time-too-old' at height 1 compares with genesis alone", () => {
      const branch = start();
      const now = GENESIS_TIME * 1000;
      refused(branch.verify(solve(branch.next({ time: GENESIS_TIME })), now), 'time-too-old');
      assert.ok(branch.verify(solve(branch.next({ time: GENESIS_TIME + 1 })), now).ok);
    });

    it(`'time-too-new': ${params.maxFutureSeconds} s ahead accepted, a millisecond more refused and accepted later`, () => {
      const branch = grown(3);
      const header = solve(later(branch));
      const earliest = (header.time - params.maxFutureSeconds) * 1000;
      assert.ok(branch.verify(header, earliest).ok);
      refused(branch.verify(header, earliest - 1), 'time-too-new');
      assert.ok(branch.verify(header, earliest + 1).ok);
    });

    it("'bad-version': versions below what the height demands, signed", () => {
      const { bip34, bip65, bip66 } = params.heights;
      const branch = grown(3);
      const height = branch.headers.length;
      const least = height >= bip65 ? 4 : height >= bip66 ? 3 : height >= bip34 ? 2 : undefined;
      for (const version of [-1, 0, 1, 2, 3, 4, 5, 0x20000000, -0x80000000]) {
        const verdict = branch.verify(solve(later(branch, { version })), (branch.tip.time + spacing) * 1000);
        if (least !== undefined && version < least) refused(verdict, 'bad-version');
        else assert.ok(verdict.ok, `version ${version}`);
      }
    });

    it("'bad-seal': any seal at all, while the same header without it is good", () => {
      const branch = grown(3);
      const header = solve(later(branch));
      const now = header.time * 1000;
      refused(branch.verify(header, now, Uint8Array.of(0)), 'bad-seal');
      refused(branch.verify(header, now, new Uint8Array(145)), 'bad-seal');
      assert.ok(branch.verify(header, now).ok);
    });

    it("several faults at once: the reason is Bitcoin Core's first", () => {
      const branch = grown(20);
      const old = (branch.headers[2] as BlockHeader).time;
      const all = { ...later(branch), time: old, version: -1, bits: 0x207ffffe };
      const now = (branch.tip.time - 10 * 7200) * 1000;
      const target = decodeCompact(all.bits).target;
      refused(branch.verify(mined(all, target, true), now), 'high-hash');
      refused(branch.verify(mined(all, target), now), 'bad-diffbits');
      const due = branch.next({ time: old }).bits;
      refused(branch.verify(solve({ ...all, bits: due }), now), 'time-too-old');
      const future = branch.next({ time: branch.tip.time + spacing, version: -1 });
      refused(branch.verify(solve(future), now), 'time-too-new');
    });

    it('better: more work wins, equal work goes to the first seen, and never both ways', () => {
      const { judge } = start();
      const tip = (chainWork: bigint, sequence: number) => ({ chainWork, sequence });
      assert.equal(judge.better(tip(2n, 9), tip(1n, 1)), true);
      assert.equal(judge.better(tip(1n, 1), tip(2n, 9)), false);
      assert.equal(judge.better(tip(5n, 1), tip(5n, 2)), true);
      assert.equal(judge.better(tip(5n, 2), tip(5n, 1)), false);
      assert.equal(judge.better(tip(5n, 1), tip(5n, 1)), false);
      assert.equal(judge.better(tip(1n << 255n, 2), tip((1n << 255n) - 1n, 1)), true);
    });
  });
}
