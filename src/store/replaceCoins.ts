import type { CoinChange, StoredSnapshot } from '../chain/ports.ts';
import { Writer } from '../util/codec.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { encodeCoin } from './coinCodec.ts';
import { wipe } from './rebuild.ts';
import { COIN_COUNT_KEY, coinKey, PREFIX, rangeOf, SNAPSHOT_KEY, TIP_KEY } from './schema.ts';
import { encodeSnapshot } from './snapshotRecord.ts';

/** Operations per batch: some milliseconds. */
const SLICE = 2000;

/**
 * Puts other coins in place of all there are, and gives their number. What a crash after each step leaves:
 *   1. the record in state "loading", synced: the next open drops the coins and connects the stored blocks again;
 *   2. the old coins removed, the new ones written, in slices, not synced: as 1;
 *   3. all of it made durable: as 1; 4. one synced batch with tip, number and `snapshot`: the new coins.
 * Nothing else may write coins meanwhile. `stop` ends it with an error, as a crash would.
 */
export async function replaceCoins(
  kv: Kv,
  snapshot: StoredSnapshot,
  coins: AsyncIterable<CoinChange>,
  stop?: AbortSignal,
): Promise<bigint> {
  const loading = encodeSnapshot({ ...snapshot, state: 'loading' });
  await kv.batch([{ type: 'put', key: SNAPSHOT_KEY, value: loading }], { sync: true });
  await wipe(kv, rangeOf(PREFIX.COIN), { stop });
  let count = 0n;
  let ops: KvOp[] = [];
  for await (const { outpoint, coin } of coins) {
    ops.push({ type: 'put', key: coinKey(outpoint), value: encodeCoin(coin) });
    count++;
    if (ops.length < SLICE) continue;
    await kv.batch(ops, { sync: false });
    stop?.throwIfAborted();
    ops = [];
  }
  await kv.batch(ops, { sync: false });
  await kv.settle();
  await kv.batch(
    [
      { type: 'put', key: TIP_KEY, value: snapshot.base },
      { type: 'put', key: COIN_COUNT_KEY, value: new Writer(8).u64(count).finish() },
      { type: 'put', key: SNAPSHOT_KEY, value: encodeSnapshot(snapshot) },
    ],
    { sync: true },
  );
  return count;
}

/** Removes tip and number first, the record last: a crash in between leaves a snapshot in state "loading", or no tip. */
export async function dropCoins(kv: Kv, stop?: AbortSignal): Promise<void> {
  await kv.batch(
    [TIP_KEY, COIN_COUNT_KEY].map((key) => ({ type: 'del', key }) as const),
    { sync: true },
  );
  await wipe(kv, rangeOf(PREFIX.COIN), { stop });
  await kv.settle();
  await kv.batch([{ type: 'del', key: SNAPSHOT_KEY }], { sync: true });
}
