import type { CoinChange, UtxoDiff } from '../ledger/coin.ts';
import { compareOutPoints, outPointKey } from '../primitives/outpoint.ts';
import type { HeaderEntry } from './entry.ts';

/** All coins of one moment, in key order. Whoever has it reads it to the end or calls `return`. */
export type CoinWalk = AsyncIterableIterator<CoinChange>;

/** The coins as they were when `tip` was the tip. */
export interface CoinsAtTip {
  readonly tip: HeaderEntry;
  readonly coins: CoinWalk;
}

/** Begins to read: when the promise resolves, the walk's snapshot has been taken, whatever is written later. */
export async function beginWalk(coins: AsyncIterable<CoinChange>): Promise<CoinWalk> {
  const rest = coins[Symbol.asyncIterator]();
  let first: IteratorResult<CoinChange> | undefined = await rest.next();
  const walk: CoinWalk = {
    next() {
      const result = first;
      first = undefined;
      return result === undefined ? rest.next() : Promise.resolve(result);
    },
    async return() {
      first = undefined;
      await rest.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => walk,
  };
  return walk;
}

/** More changes would have to be held in memory than `limit`. */
export class RollbackTooLong extends Error {
  override readonly name = 'RollbackTooLong';
}

/**
 * The coins as they were some blocks before the walk's moment, without moving any tip: `diffs` are what connecting those
 * blocks did, the last block first. Holds what differs in memory: throws RollbackTooLong above `limit` changed coins.
 */
export async function walkBefore(coins: CoinWalk, diffs: AsyncIterable<UtxoDiff>, limit: number): Promise<CoinWalk> {
  // undefined: not there yet at the earlier moment. Earlier blocks are undone later, and have the last word.
  const changed = new Map<string, CoinChange | undefined>();
  try {
    for await (const { spent, added } of diffs) {
      for (const { outpoint } of added) changed.set(outPointKey(outpoint), undefined);
      for (const change of spent) changed.set(outPointKey(change.outpoint), change);
      if (changed.size > limit) throw new RollbackTooLong(`more than ${limit} coins differ`);
    }
  } catch (error) {
    await coins.return?.();
    throw error;
  }
  return merged(coins, changed);
}

async function* merged(coins: CoinWalk, changed: ReadonlyMap<string, CoinChange | undefined>): CoinWalk {
  const restored = [...changed.values()].filter((change) => change !== undefined);
  restored.sort((a, b) => compareOutPoints(a.outpoint, b.outpoint));
  let at = 0;
  for await (const change of coins) {
    let next = restored[at];
    while (next !== undefined && compareOutPoints(next.outpoint, change.outpoint) < 0) {
      yield next;
      next = restored[++at];
    }
    if (!changed.has(outPointKey(change.outpoint))) yield change;
  }
  yield* restored.slice(at);
}
