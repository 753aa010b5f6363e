import type { UtxoDiff } from '../chain/ports.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { Reader, Writer } from '../util/codec.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import type { Pause } from '../util/steps.ts';
import { encodeCoin } from './coinCodec.ts';
import { COIN_FLAG, type CoinTable } from './coinTable.ts';
import type { DurableWrites } from './durableWrites.ts';
import { decodeStored } from './errors.ts';
import { decodeFlushMarker, encodeFlushMarker, type FlushMarker } from './flushMarker.ts';
import { COIN_COUNT_KEY, coinKey, FLUSHING_KEY, TIP_KEY } from './schema.ts';

/** Operations in one batch: built in some 3 ms, during which nothing else runs on this thread. */
const SLICE = 2000;
/** Slots looked at in one step. */
const STEP = 20_000;
/** Records are sorted by so many of their first bits: LevelDB writes what comes in order with less compaction. */
const BUCKETS = 1 << 16;

/** The block that coins belong to, and how many there are at it. */
export interface CoinState {
  readonly tip: Hash256;
  readonly count: bigint;
}

/** The writes of a database of coins, as DurableWrites has them. */
export type FlushWrites = Pick<DurableWrites, 'settle' | 'durable' | 'part'>;

/** Told how many coins of a flush are written, of all: when it begins, after each slice, and when it has ended. */
export type FlushProgress = (done: number, total: number) => void;

export interface FlushParts {
  readonly writes: FlushWrites;
  /** Asked between two steps. */
  readonly pause: Pause;
  /** Operations per batch; default 2,000. */
  readonly slice?: number;
  readonly progress?: FlushProgress;
}

/** What a database says of its coins: their block and number, and the flush that a crash interrupted. Throws StoreError. */
export async function readCoinState(
  kv: Pick<Kv, 'getMany'>,
  path: string,
): Promise<{
  readonly tip: Hash256 | undefined;
  readonly count: bigint | undefined;
  readonly interrupted: FlushMarker | undefined;
}> {
  const [count, tip, marker] = await kv.getMany([COIN_COUNT_KEY, TIP_KEY, FLUSHING_KEY]);
  return {
    tip,
    count: count && decodeStored(path, 'coin count', () => new Reader(count).u64('count')),
    interrupted: marker && decodeStored(path, 'flush marker', () => decodeFlushMarker(marker)),
  };
}

/** Operations that make the database's coins those of `state`, but for the coins themselves. */
function stateOps({ tip, count }: CoinState): KvOp[] {
  return [
    { type: 'put', key: TIP_KEY, value: tip },
    { type: 'put', key: COIN_COUNT_KEY, value: new Writer(8).u64(count).finish() },
  ];
}

/** Places of all dirty records, roughly in key order. The table must not change until the promise resolves. */
async function dirtyInOrder(table: CoinTable, pause: Pause): Promise<Int32Array> {
  const places = new Int32Array(table.dirty);
  const buckets = new Uint16Array(table.dirty);
  let found = 0;
  for (let from = 0; from < table.slotCount; from += STEP) {
    if (from > 0) await pause();
    table.eachDirty(from, from + STEP, (place) => {
      places[found] = place;
      buckets[found++] = table.prefix(place);
    });
  }
  const starts = new Int32Array(BUCKETS + 1);
  for (let i = 0; i < found; i++) (starts[(buckets[i] as number) + 1] as number)++;
  for (let i = 0; i < BUCKETS; i++) (starts[i + 1] as number) += starts[i] as number;
  const out = new Int32Array(found);
  for (let i = 0; i < found; i++) out[(starts[buckets[i] as number] as number)++] = places[i] as number;
  return out;
}

function opsOf(table: CoinTable, places: Int32Array): KvOp[] {
  const ops: KvOp[] = [];
  for (let i = 0; i < places.length; i++) ops.push(opOf(table, places[i] as number));
  return ops;
}

/** The write that makes the database equal to the record; its bytes are copies. */
function opOf(table: CoinTable, place: number): KvOp {
  const key = coinKey({ txid: table.txid(place), index: table.index(place) });
  return (table.flags(place) & COIN_FLAG.SPENT) !== 0
    ? { type: 'del', key }
    : { type: 'put', key, value: table.copyOfValue(place) };
}

/**
 * Writes all dirty records of `table`, which must not change meanwhile, and with them that the database's coins are those of
 * `to`. One batch when they are few, or when the database has no coins yet (`from` undefined). Otherwise, and what a crash after each step leaves:
 *   1. everything before is made durable: headers, positions and files that the coins at `to` depend on;
 *   2. the marker, synced: from now on the coins are a mix of both blocks';
 *   3. slices, not synced, in between everything else that is written;
 *   4. they are made durable; 5. one synced batch takes the marker away and names `to`.
 * A crash after 2 and before 5 is finished at the next open from block and undo files (chain/finishFlush.ts).
 * One batch for all would be simpler, but LevelDB takes it as a whole into memory twice and nobody else writes meanwhile:
 * 7 s and 400 MB for the 2.3 million coins of half a default cache.
 */
export async function flushCoins(
  table: CoinTable,
  from: Hash256 | undefined,
  to: CoinState,
  { writes, pause, slice = SLICE, progress = () => {} }: FlushParts,
): Promise<void> {
  progress(0, table.dirty);
  const places = await dirtyInOrder(table, pause);
  await writes.settle();
  if (places.length <= slice || from === undefined) {
    await writes.durable(() => [...opsOf(table, places), ...stateOps(to)]);
    progress(places.length, places.length);
    return;
  }
  const marker = encodeFlushMarker({ from, to: to.tip, count: to.count });
  await writes.durable(() => [{ type: 'put', key: FLUSHING_KEY, value: marker }]);
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let i = 0; i < places.length; i += slice) {
      // Made while the slice before is written.
      const ops = opsOf(table, places.subarray(i, i + slice));
      await writing;
      progress(i, places.length);
      writing = writes.part(ops);
      // Told when it is waited for.
      writing.catch(() => undefined);
      await pause();
    }
  } finally {
    await writing;
  }
  await writes.settle();
  await writes.durable(() => [...stateOps(to), { type: 'del', key: FLUSHING_KEY }]);
  progress(places.length, places.length);
}

/**
 * Ends a flush that a crash interrupted: `diffs` lead from the marker's first block to its last, one block each. Straight to
 * the database, as each diff overwrites what those before it left.
 */
export async function endFlush(
  marker: FlushMarker,
  diffs: AsyncIterable<UtxoDiff>,
  writes: FlushWrites,
): Promise<CoinState> {
  for await (const { spent, added } of diffs)
    await writes.part([
      ...spent.map(({ outpoint }) => ({ type: 'del', key: coinKey(outpoint) }) as const),
      ...added.map(({ outpoint, coin }) => ({ type: 'put', key: coinKey(outpoint), value: encodeCoin(coin) }) as const),
    ]);
  await writes.settle();
  const state = { tip: marker.to, count: marker.count };
  await writes.durable(() => [...stateOps(state), { type: 'del', key: FLUSHING_KEY }]);
  return state;
}
