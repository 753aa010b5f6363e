import assert from 'node:assert/strict';
import type { ChainManagerParts } from '../../src/chain/chainManagerParts.ts';
import type { Block } from '../../src/primitives/block.ts';
import { broken, type Check, PASSED } from '../../src/primitives/rules.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { openChain, outcomeOf } from './setup.ts';

/** Two weeks of blocks every ten minutes. */
const TWO_WEEKS = 2016;
const genesis = { header: regtest.genesis.header, height: 0 };

/** 101 blocks, one that spends, and `more` on top. */
function chainOf(more: number): { readonly blocks: Block[]; readonly spending: Block } {
  const base = mineChain(genesis, 101);
  const tx = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
  const spending = mine(placeOf(base[100] as Block, 101), { txs: [tx] });
  return { blocks: [...base, spending, ...mineChain(placeOf(spending, 102), more)], spending };
}

describe('chain: blocks whose scripts are assumed to be valid', function () {
  this.timeout(30_000);
  const long = chainOf(TWO_WEEKS + 1);
  let runs = 0;
  const scripts = {
    async check(jobs: readonly unknown[]): Promise<Check> {
      if (jobs.length === 0) return PASSED;
      runs++;
      return broken('block-script-verify-flag-failed', 'every script fails here');
    },
  };
  const assuming = (block: Block | undefined, minChainWork = 0n): Partial<ChainManagerParts> => ({
    scripts,
    assumeValid: { block: block?.header.hash, minChainWork, spacing: 600 },
  });
  /** What becomes of the spending block when `headers` are known. */
  const fate = async (parts: Partial<ChainManagerParts>, headers: readonly Block[]): Promise<string> => {
    runs = 0;
    const { chain } = await openChain(new MemoryDisk(), parts);
    await chain.acceptHeaders(headers);
    let last = '';
    for (const block of long.blocks.slice(0, 102))
      last = outcomeOf(await chain.acceptBlock(block, { requested: true }));
    assert.equal(runs, last === 'connected' ? 0 : 1);
    return last;
  };
  const FAILED = 'block-script-verify-flag-failed';
  const tip = long.blocks.at(-1);

  it('ancestors of the named block, and itself, connect without their scripts', async () => {
    assert.equal(await fate(assuming(tip), long.blocks), 'connected');
    assert.equal(await fate(assuming(long.spending), long.blocks), 'connected');
  });

  it('scripts run when none is named, when its header is unknown, and above it', async () => {
    assert.equal(await fate({ scripts }, long.blocks), FAILED);
    assert.equal(await fate(assuming(undefined), long.blocks), FAILED);
    assert.equal(await fate(assuming(mine(genesis)), long.blocks), FAILED);
    assert.equal(await fate(assuming(tip), long.blocks.slice(0, -1)), FAILED);
    assert.equal(await fate(assuming(long.blocks[100]), long.blocks), FAILED);
  });

  it('scripts run unless more than two weeks of work lie on top', async () => {
    assert.equal(await fate(assuming(long.spending), long.blocks.slice(0, 102 + TWO_WEEKS)), FAILED);
    assert.equal(await fate(assuming(long.spending), long.blocks.slice(0, 102 + TWO_WEEKS + 1)), 'connected');
  });

  it('scripts run on a chain without the minimum work, and beside the best header', async () => {
    const work = BigInt(long.blocks.length + 1) * 2n;
    assert.equal(await fate(assuming(tip, work), long.blocks), 'connected');
    assert.equal(await fate(assuming(tip, work + 1n), long.blocks), FAILED);
    const other = mineChain(genesis, long.blocks.length + 5);
    assert.equal(await fate(assuming(long.spending), [...long.blocks, ...other]), FAILED);
  });

  it('everything but scripts is judged as ever', async () => {
    const base = long.blocks.slice(0, 101);
    const tx = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], [{ value: 10n ** 12n, scriptPubKey: ANYONE }]);
    const greedy = mine(placeOf(base[100] as Block, 101), { txs: [tx] });
    const blocks = [...base, greedy, ...mineChain(placeOf(greedy, 102), TWO_WEEKS + 1)];
    const { chain } = await openChain(new MemoryDisk(), assuming(blocks.at(-1)));
    await chain.acceptHeaders(blocks);
    const outcomes: string[] = [];
    for (const block of blocks.slice(0, 102))
      outcomes.push(outcomeOf(await chain.acceptBlock(block, { requested: true })));
    assert.equal(outcomes.at(-1), 'bad-txns-in-belowout');
  });
});
