import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import type { PoolNode } from '../../src/mempool/poolNode.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { coinbaseOf, regtest, seal } from '../chain/regtestMiner.ts';
import { checkInputs, checkStructure } from './invariants.ts';
import { accept, mineOn, openFunded, PAYOUT, pay, type Spendable, type World } from './setup.ts';

const LIMITS = { maxWeight: 3_996_000, maxSigopCost: 79_600 };

type Step =
  | {
      readonly do: 'admit';
      readonly pick: readonly number[];
      readonly fee: number;
      readonly outputs: number;
      readonly lock: number;
    }
  | { readonly do: 'mine'; readonly limit: number }
  | { readonly do: 'rival'; readonly pick: number }
  | { readonly do: 'reorg'; readonly depth: number; readonly keep: boolean }
  | { readonly do: 'wait' };

const nat = (max: number): fc.Arbitrary<number> => fc.nat({ max });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('admit' as const),
      pick: fc.array(nat(1000), { minLength: 1, maxLength: 3 }),
      fee: nat(100_000),
      outputs: fc.integer({ min: 1, max: 4 }),
      lock: nat(3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mine' as const), limit: nat(5000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rival' as const), pick: nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reorg' as const), depth: nat(4), keep: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
);

/** Plays steps against a real chain; nothing is awaited but by 'wait', so admissions and blocks race. */
class Player {
  readonly world: World;
  readonly outputs: Spendable[];
  readonly running: Promise<unknown>[] = [];
  readonly blocks = new Map<string, Block>();
  admitted = 0;

  constructor(world: World, coins: readonly Spendable[]) {
    this.world = world;
    this.outputs = [...coins];
    const check = (): void => checkStructure(world.pool);
    world.pool.events.on('added', check);
    world.chain.events.on('connected', ({ block }) => {
      this.blocks.set(block.header.key, block);
      check();
    });
    world.chain.events.on('disconnected', check);
    world.chain.events.on('tip', check);
  }

  /** Outputs made lately are picked most, so that chains grow. */
  #pick(n: number): Spendable {
    const back = n % 3 === 0 ? n % this.outputs.length : n % Math.min(this.outputs.length, 16);
    return this.outputs[this.outputs.length - 1 - back] as Spendable;
  }

  async play(s: Step): Promise<void> {
    const { pool, chain } = this.world;
    switch (s.do) {
      case 'admit': {
        const from = [...new Set(s.pick.map((n) => this.#pick(n)))];
        const locked =
          s.lock === 0 ? { lockTime: chain.tip().height, sequence: 0 } : s.lock === 1 ? { sequence: 3 } : {};
        const tx = pay(from, { fee: BigInt(s.fee), outputs: s.outputs, ...locked });
        this.running.push(
          pool.admit(tx).then((verdict) => {
            if (!verdict.ok) return;
            this.admitted++;
            for (const index of tx.outputs.keys()) this.outputs.push({ tx, index });
          }),
        );
        return;
      }
      case 'mine':
        this.#accept([this.#selected(s.limit * 100)]);
        return;
      case 'rival': {
        // A block with a spend that the pool does not have; refused when the coin is gone.
        const rival = pay([this.#pick(s.pick)], { fee: 1n });
        this.running.push(chain.acceptBlock(mineOn(chain.tip(), { txs: [rival], fees: 1n })));
        return;
      }
      case 'reorg': {
        await this.settle();
        const tip = chain.tip();
        const fork = chain.atHeight(tip.height - s.depth);
        assert.ok(fork !== undefined);
        const lost = (chain.atHeight(fork.height + 1)?.header.key ?? '') as string;
        const txs = s.keep ? (this.blocks.get(lost)?.txs.slice(1) ?? []) : [];
        const branch = [mineOn(fork, { txs })];
        while (branch.length <= s.depth)
          branch.push(mineOn({ header: (branch.at(-1) as Block).header, height: fork.height + branch.length }));
        this.#accept(branch);
        return;
      }
      case 'wait':
        await this.settle();
    }
  }

  #accept(blocks: readonly Block[]): void {
    const coinbase = coinbaseOf(blocks[0] as Block);
    if (blocks.length === 1) this.outputs.unshift({ tx: coinbase, index: 0 });
    // Blocks built on a tip that has moved are merely late.
    this.running.push(accept(this.world, ...blocks).catch(() => undefined));
  }

  #selected(maxWeight: number): Block {
    const tip = this.world.chain.tip();
    return seal(blockOf(this.world, this.world.pool.select({ ...LIMITS, maxWeight }), tip.header.time + 1));
  }

  async settle(): Promise<void> {
    await Promise.all(this.running.splice(0));
    await this.world.pool.idle();
    checkStructure(this.world.pool);
    await checkInputs(this.world);
    const { chain, pool } = this.world;
    const all = pool.select(LIMITS);
    assert.equal(all.length, pool.size, 'a small pool fits in a block whole');
    const verdict = await chain.testBlock(blockOf(this.world, all, chain.tip().header.time + 1));
    assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
  }
}

function blockOf(world: World, entries: readonly PoolNode[], time: number): Block {
  const tip = world.chain.tip();
  return assembleBlock({
    params: regtest.consensus,
    height: tip.height + 1,
    prevHash: tip.header.hash,
    time,
    bits: tip.header.bits,
    txs: entries.map((entry): Tx => entry.tx),
    fees: entries.reduce((sum, entry) => sum + entry.fee, 0n),
    payout: PAYOUT,
    extraNonce: BigInt(entries.length),
  });
}

describe('mempool: whatever happens', () => {
  it('inputs exist, nothing is spent twice, totals agree, and a selection is a valid block', async function () {
    this.timeout(60_000);
    let admitted = 0;
    let disconnected = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const world = await openFunded(8);
        world.chain.events.on('disconnected', () => disconnected++);
        const player = new Player(world, world.coins);
        for (const s of steps) await player.play(s);
        await player.settle();
        admitted += player.admitted;
      }),
      { numRuns: 40 },
    );
    // A run in which little happens would prove little.
    assert.ok(admitted > 100 && disconnected > 20, `${admitted} admitted, ${disconnected} disconnected`);
  });
});
