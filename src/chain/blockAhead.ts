import type { Coin, UtxoDiff } from '../ledger/coin.ts';
import type { Block } from '../primitives/block.ts';
import { type OutPoint, outPointKey } from '../primitives/outpoint.ts';
import type { Check } from '../primitives/rules.ts';
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

/** Coins as they will be once a block with this diff is connected: its changes, and behind them what `read` gives. */
export function coinsAfter(diff: UtxoDiff, read: ReadCoins): ReadCoins {
  let changes: Map<string, Coin | undefined> | undefined;
  return async (outpoints: readonly OutPoint[]) => {
    if (changes === undefined) {
      changes = new Map();
      // In this order: a replaced coin is in both lists.
      for (const { outpoint } of diff.spent) changes.set(outPointKey(outpoint), undefined);
      for (const { outpoint, coin } of diff.added) changes.set(outPointKey(outpoint), coin);
    }
    const coins: (Coin | undefined)[] = new Array(outpoints.length);
    const behind: OutPoint[] = [];
    const places: number[] = [];
    for (const [i, outpoint] of outpoints.entries()) {
      const key = outPointKey(outpoint);
      const coin = changes.get(key);
      if (coin !== undefined) coins[i] = coin;
      else if (!changes.has(key)) {
        behind.push(outpoint);
        places.push(i);
      }
    }
    const found = await read(behind);
    for (const [i, place] of places.entries()) coins[place] = found[i];
    return coins;
  };
}
