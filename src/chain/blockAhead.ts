import type { Coin, CoinChange, UtxoDiff } from '../ledger/coin.ts';
import type { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { OutPointIndex } from '../primitives/outPointIndex.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
import { inSlices, type Pause, type Steps, walkSteps } from '../util/steps.ts';
import type { IndexEntry } from './headerIndex.ts';
import type { ReadCoins } from './judgeBlock.ts';
import type { EntryChange } from './storedEntry.ts';

/** A block on top of the tip whose coins are judged while its scripts still run: nothing of it is committed. */
export interface BlockAhead {
  readonly entry: IndexEntry;
  readonly block: Block;
  readonly diff: UtxoDiff;
  /** What its record changes besides the status, for a block that came just now. */
  readonly change: EntryChange | undefined;
  /** The verdict of its scripts; rejects when they could not be run. */
  readonly scripts: Promise<Check>;
  /** Told once, when the block is the tip or refused. */
  readonly settled: (verdict: Check) => void;
  readonly failed: (error: unknown) => void;
}

/** Filed for a coin that is gone. */
const SPENT = -1;
/** Coins filed or looked for in one step. */
const COINS_PER_STEP = 1000;

/** What the diff makes of each coin that it changes: a place in `added`, or SPENT. */
function* filing(hash: Hash256, { spent, added }: UtxoDiff): Steps<OutPointIndex> {
  const changes = new OutPointIndex(spent.length + added.length, hash);
  // In this order: a replaced coin is in both lists.
  yield* inSlices(spent.length, COINS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) {
      const { txid, index } = (spent[i] as CoinChange).outpoint;
      changes.add(txid, index, SPENT);
    }
  });
  yield* inSlices(added.length, COINS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) {
      const { txid, index } = (added[i] as CoinChange).outpoint;
      changes.add(txid, index, i);
    }
  });
  return changes;
}

/**
 * Coins as they will be once the block `hash` with this diff is connected: its changes, and behind them what `read` gives.
 */
export function coinsAfter(hash: Hash256, diff: UtxoDiff, read: ReadCoins, pause?: Pause): ReadCoins {
  const { added } = diff;
  let filed: OutPointIndex | undefined;
  return async (outpoints: readonly OutPoint[]) => {
    filed ??= await walkSteps(filing(hash, diff), pause);
    const changes = filed;
    const coins: (Coin | undefined)[] = new Array(outpoints.length).fill(undefined);
    const behind: OutPoint[] = [];
    const places: number[] = [];
    const look = inSlices(outpoints.length, COINS_PER_STEP, (from, to) => {
      for (let i = from; i < to; i++) {
        const outpoint = outpoints[i] as OutPoint;
        const change = changes.get(outpoint.txid, outpoint.index);
        if (change === undefined) {
          behind.push(outpoint);
          places.push(i);
        } else if (change !== SPENT) coins[i] = (added[change] as CoinChange).coin;
      }
    });
    await walkSteps(look, pause);
    const found = await read(behind);
    for (let i = 0; i < places.length; i++) coins[places[i] as number] = found[i];
    return coins;
  };
}
