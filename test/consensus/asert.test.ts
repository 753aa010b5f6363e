import { strict as assert } from 'node:assert';
import { headerContext } from '../../src/consensus/headerContext.ts';
import { asertDifficulty, asertTarget, saturationLead } from '../../src/consensus/pow/asert.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { decodeCompact, encodeCompact } from '../../src/primitives/compact.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { vectorText } from '../support/vectors.ts';

const T = 15;
const POW: ConsensusParams['pow'] = {
  algo: 'asert',
  limitBits: 0x1e7fffff,
  startBits: 0x1e7fffff,
  spacing: T,
  interval: 2016,
  allowMinDifficulty: false,
  noRetarget: false,
  bip94: false,
  halfLife: 36 * T,
  clamp: 72 * T,
};

/** Plays header times through the rule: the clock and the bits due after each block. Times are those of blocks 1, 2, … */
class Clock {
  readonly rule;
  readonly headers: BlockHeader[];
  vt: bigint;

  constructor(pow = POW, genesisTime = 0) {
    this.rule = asertDifficulty(pow);
    this.headers = [Clock.header(genesisTime)];
    this.vt = this.rule.genesis();
  }

  static header(time: number): BlockHeader {
    return new BlockHeader({ version: 1, prevHash: ZERO_HASH, merkleRoot: ZERO_HASH, time, bits: 0, nonce: 0 });
  }

  #context() {
    return headerContext(
      this.headers.length,
      this.headers.at(-1) as BlockHeader,
      (h) => this.headers[h] as BlockHeader,
    );
  }

  /** Adds a block at `time`; returns the clock after it. */
  at(time: number): bigint {
    const header = Clock.header(time);
    this.vt = this.rule.after(header, this.#context(), this.vt);
    this.headers.push(header);
    return this.vt;
  }

  after(seconds: number): bigint {
    return this.at((this.headers.at(-1) as BlockHeader).time + seconds);
  }

  /** Bits the next block must carry. */
  bits(): number {
    return this.rule.bits(this.#context(), this.vt, 0);
  }

  target(): bigint {
    return decodeCompact(this.bits()).target;
  }
}

/** A start hard enough that neither limit is near: clock rules can be seen without saturation. */
const HARD = { ...POW, startBits: 0x1b00ffff };

describe('consensus/asert: aserti3-2d', () => {
  let rows = 0;
  for (let run = 1; run <= 12; run++) {
    const name = `run${String(run).padStart(2, '0')}`;
    it(`gives the published bits for every row of ${name}`, function () {
      const text = vectorText(this, `asert/${name}`);
      const field = (key: RegExp): bigint => {
        const m = key.exec(text);
        assert.ok(m?.[1], `${name} has ${key}`);
        return BigInt(m[1]);
      };
      const anchorHeight = field(/anchor height: (\d+)/);
      const anchorParentTime = field(/anchor (?:ancestor|parent) time: (\d+)/);
      const anchorTarget = decodeCompact(Number(field(/anchor nBits: (0x[0-9a-f]+)/))).target;
      const limit = decodeCompact(0x1d00ffff).target;
      let seen = 0;
      for (const line of text.split('\n')) {
        if (line === '' || line.startsWith('#')) continue;
        const [iteration, height, time, bits] = line.split(' ');
        assert.ok(iteration && height && time && bits, line);
        const target = asertTarget({
          anchorTarget,
          spacing: 600n,
          halfLife: 172_800n,
          timeDelta: BigInt(time) - anchorParentTime,
          heightDelta: BigInt(height) - anchorHeight,
          limit,
        });
        assert.equal(encodeCompact(target), Number(bits), line);
        seen++;
      }
      assert.equal(seen, Number(field(/iterations: (\d+)/)));
      rows += seen;
      if (run === 12) assert.equal(rows, 14_000);
    });
  }

  const base = { anchorTarget: 1n << 200n, spacing: 15n, halfLife: 540n, heightDelta: 0n, limit: 1n << 239n };

  it('halves the target per half-life ahead of schedule and doubles it per half-life behind', () => {
    assert.equal(asertTarget({ ...base, timeDelta: 15n }), 1n << 200n);
    assert.equal(asertTarget({ ...base, timeDelta: 15n + 540n }), 1n << 201n);
    assert.equal(asertTarget({ ...base, timeDelta: 15n - 540n }), 1n << 199n);
  });

  it('never falls below 1 nor rises above the limit, whatever the times', () => {
    for (const timeDelta of [-(10n ** 6n), -(10n ** 18n), -(1n << 63n)])
      assert.equal(asertTarget({ ...base, timeDelta }), 1n);
    for (const timeDelta of [10n ** 6n, 10n ** 18n, 1n << 63n])
      assert.equal(asertTarget({ ...base, timeDelta }), base.limit);
  });

  it('rounds the exponent toward zero on both sides', () => {
    // 1 second of 2^17: half a step of 1/65536, which truncates to none.
    const slow = { ...base, halfLife: 1n << 17n };
    assert.equal(asertTarget({ ...slow, timeDelta: 16n }), base.anchorTarget);
    assert.equal(asertTarget({ ...slow, timeDelta: 14n }), base.anchorTarget);
    assert.ok(asertTarget({ ...slow, timeDelta: 17n }) > base.anchorTarget);
    assert.ok(asertTarget({ ...slow, timeDelta: 13n }) < base.anchorTarget);
  });
});

describe('consensus/asert: anchor at block 1', () => {
  it('block 1 carries the start bits however old genesis is, and the schedule starts at its time', () => {
    for (const genesisTime of [0, 1_000_000_000]) {
      const clock = new Clock(HARD, genesisTime);
      assert.equal(clock.bits(), 0x1b00ffff);
      assert.equal(clock.at(1_700_000_000), 1_700_000_000n);
      assert.equal(clock.bits(), 0x1b00ffff);
      assert.equal(clock.after(T), 1_700_000_015n);
      assert.equal(clock.bits(), 0x1b00ffff);
    }
  });

  it('blocks on schedule keep the bits, block after block', () => {
    const clock = new Clock(HARD);
    clock.at(1_700_000_000);
    for (let i = 0; i < 200; i++) {
      clock.after(T);
      assert.equal(clock.bits(), 0x1b00ffff);
    }
  });

  it('a block time ago too soon makes the next harder, too late easier', () => {
    const fast = new Clock(HARD);
    fast.at(1_700_000_000);
    fast.after(1);
    const slow = new Clock(HARD);
    slow.at(1_700_000_000);
    slow.after(5 * T);
    const start = decodeCompact(0x1b00ffff).target;
    assert.ok(fast.target() < start);
    assert.ok(slow.target() > start);
  });
});

describe('consensus/asert: the clock moves at most 72·T per block', () => {
  const started = (): Clock => {
    const clock = new Clock(HARD);
    clock.at(1_700_000_000);
    return clock;
  };
  for (const [gap, moved] of [
    [72 * T - 1, 1079],
    [72 * T, 1080],
    [72 * T + 1, 1080],
    [-72 * T + 1, -1079],
    [-72 * T, -1080],
    [-72 * T - 1, -1080],
    [3 * 86_400, 1080],
    [0, 0],
  ] as const) {
    it(`a gap of ${gap} s moves it by ${moved} s`, () => {
      assert.equal(started().after(gap), 1_700_000_000n + BigInt(moved));
    });
  }

  it('a pause of three days eases the next block by two half-lives and no more', () => {
    const clock = started();
    clock.after(3 * 86_400);
    // 72·T late of 36·T half-life, less the one T that was due: nearly four times the target.
    const ratio = Number((clock.target() * 1000n) / decodeCompact(0x1b00ffff).target);
    assert.ok(ratio > 3900 && ratio < 4000, `${ratio}`);
    // After it blocks come as due and bits stay, instead of days of free blocks.
    const bits = clock.bits();
    clock.after(T);
    assert.equal(clock.bits(), bits);
  });

  it('negative solve times turn the clock back and are made good by the next honest time', () => {
    const clock = started();
    clock.after(T);
    clock.after(-10);
    assert.equal(clock.vt, 1_700_000_005n);
    clock.after(T + 25);
    assert.equal(clock.vt, 1_700_000_045n);
    assert.equal(clock.bits(), 0x1b00ffff);
  });
});

describe('consensus/asert: the clock stops where the target reaches the limit', () => {
  it('the lead is the largest that keeps the target within the limit', () => {
    for (const [start, limit] of [
      [0x1e7fffff, 0x1e7fffff],
      [0x1b00ffff, 0x1e7fffff],
      [0x1d00ffff, 0x207fffff],
    ] as const) {
      const anchorTarget = decodeCompact(start).target;
      const lead = saturationLead(anchorTarget, 540n, decodeCompact(limit).target);
      const at = (x: bigint): bigint =>
        asertTarget({
          anchorTarget,
          spacing: 15n,
          halfLife: 540n,
          heightDelta: 0n,
          timeDelta: 15n + x,
          limit: 1n << 600n,
        });
      assert.ok(at(lead) <= decodeCompact(limit).target);
      assert.ok(at(lead + 1n) > decodeCompact(limit).target);
    }
  });

  for (const gap of [4 * T, 20 * T]) {
    it(`a day of gaps of ${gap} s, then hashrate returns: difficulty rises with the first fast blocks`, () => {
      const clock = new Clock();
      clock.at(1_700_000_000);
      for (let t = 0; t < 86_400; t += gap) {
        clock.after(gap);
        assert.equal(clock.bits(), 0x1e7fffff);
      }
      // Blocks of one second: a half-life of blocks at most until the target has halved.
      let blocks = 0;
      while (clock.target() > decodeCompact(0x1e7fffff).target / 2n) {
        clock.after(1);
        blocks++;
        assert.ok(blocks <= 40, 'no storm of easy blocks');
      }
      assert.ok(blocks >= 30);
    });
  }

  for (const gap of [4 * T, 20 * T, 10_000 * T]) {
    it(`simulated miner of steady power after gaps of ${gap} s: no block storm`, () => {
      const clock = new Clock();
      clock.at(1_700_000_000);
      for (let i = 0; i < 20; i++) clock.after(gap);
      // A miner for whom the limit is 60 times too easy finds blocks in time proportional to the difficulty.
      const limit = Number(decodeCompact(0x1e7fffff).target);
      let elapsed = 0;
      let blocks = 0;
      while (elapsed < 100 * T) {
        const solve = (T / 60) * (limit / Number(clock.target()));
        elapsed += solve;
        clock.at(1_700_000_000 + 20 * gap + Math.floor(elapsed));
        blocks++;
      }
      // 100 on schedule, and what it takes to climb six half-lives (36 blocks each).
      assert.ok(blocks < 100 + 6 * 36 + 40, `${blocks} blocks in 100 spacings`);
    });
  }
});

describe('consensus/asert: state', () => {
  it('survives encoding, also negative and large', () => {
    const rule = asertDifficulty(POW);
    for (const vt of [0n, -1n, 1_700_000_000n, -(1n << 40n), 1n << 60n]) assert.equal(rule.decode(rule.encode(vt)), vt);
    assert.deepEqual(rule.encode(1n), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  });

  it('refuses wrong lengths', () => {
    const rule = asertDifficulty(POW);
    assert.throws(() => rule.decode(new Uint8Array(7)), DecodeError);
    assert.throws(() => rule.decode(new Uint8Array(9)), DecodeError);
  });
});
