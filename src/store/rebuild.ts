import { EMPTY, equalBytes } from '../util/bytes.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import type { BlockFs } from './blockFs.ts';
import { encodeFileEnds } from './fileEndsCodec.ts';
import type { FileEnd } from './recordFiles.ts';
import { recordFileName, recordFileNumber } from './recordFrame.ts';
import {
  COIN_COUNT_KEY,
  FILE_ENDS_KEY,
  FLUSHING_KEY,
  PREFIX,
  REBUILD_KEY,
  rangeOf,
  SNAPSHOT_KEY,
  TIP_KEY,
} from './schema.ts';

/** What is made anew: the coins from the blocks, or first the index of blocks from their files, too. */
export type Rebuild = 'chainstate' | 'index';

/**
 * What is left to do, as the database remembers it: a rebuild that was interrupted goes on with the next start.
 * wiping: coins are being deleted. indexing: headers are being read from block files. connecting: blocks are being connected
 * from genesis on.
 */
export interface RebuildState {
  readonly what: Rebuild;
  readonly step: 'wiping' | 'indexing' | 'connecting';
}

/** Databases that a rebuild replaces as a whole. */
export function replacedBy(rebuild: Rebuild | undefined): readonly string[] {
  return rebuild === 'index' ? ['chain'] : [];
}

/** Numbers on disk; never reused. */
const STATES: readonly (RebuildState & { readonly number: number })[] = [
  { number: 1, what: 'chainstate', step: 'wiping' },
  { number: 2, what: 'chainstate', step: 'connecting' },
  { number: 3, what: 'index', step: 'indexing' },
  { number: 4, what: 'index', step: 'connecting' },
];

/** Deletions per batch. */
const CHUNK = 10_000;

/** What of a chain's database belongs to its coins. */
const OF_COINS = [TIP_KEY, COIN_COUNT_KEY, FLUSHING_KEY, SNAPSHOT_KEY];

function stateOp({ what, step }: RebuildState): KvOp {
  const found = STATES.find((state) => state.what === what && state.step === step);
  return { type: 'put', key: REBUILD_KEY, value: Uint8Array.of(found?.number ?? 0) };
}

/** What an interrupted rebuild has left to do; undefined when there is none. */
export async function rebuildState(kv: Kv): Promise<RebuildState | undefined> {
  const number = (await kv.get(REBUILD_KEY))?.[0];
  return STATES.find((state) => state.number === number);
}

/** Deletes all coins, when that is wanted or was interrupted. Returns what is left of any rebuild. `stop` as wipe's. */
export async function beginChainstate(kv: Kv, wanted: boolean, stop?: AbortSignal): Promise<RebuildState | undefined> {
  let state = await rebuildState(kv);
  if (wanted && state === undefined) {
    state = { what: 'chainstate', step: 'wiping' };
    await kv.batch([stateOp(state)], { sync: true });
  }
  if (state?.step !== 'wiping') return state;
  await wipe(kv, rangeOf(PREFIX.COIN), { stop });
  state = { what: 'chainstate', step: 'connecting' };
  await kv.settle();
  await kv.batch([...OF_COINS.map(del), stateOp(state)], { sync: true });
  return state;
}

/** Fills an empty database with everything of `from` but the coins, and notes that these are to be made anew. `stop` as wipe's. */
export async function copyWithoutCoins(from: Pick<Kv, 'iterate'>, to: Kv, stop?: AbortSignal): Promise<void> {
  let ops: KvOp[] = [];
  for await (const [key, value] of from.iterate({ gte: EMPTY, lt: rangeOf(PREFIX.COIN).gte })) {
    if (OF_COINS.some((one) => equalBytes(one, key))) continue;
    ops.push({ type: 'put', key, value });
    if (ops.length < CHUNK) continue;
    await to.batch(ops, { sync: false });
    stop?.throwIfAborted();
    ops = [];
  }
  await to.batch(ops, { sync: false });
  await to.settle();
  await to.batch([stateOp({ what: 'chainstate', step: 'connecting' })], { sync: true });
}

/**
 * Makes an empty database one whose index is about to be read from the files. Until it is known better, everything in the
 * files counts: opening them must not cut anything. Without the first file (the chain was pruned) nothing connects, and no
 * file counts. Nor do undo files: they do not say whose they are.
 */
export async function beginIndexing(kv: Kv, fs: BlockFs): Promise<void> {
  await endAt(kv, await endOfFiles(fs), 'indexing');
}

/** The index is made; `end`: where the last whole record of the block files ends. */
export async function endIndexing(kv: Kv, end: FileEnd): Promise<RebuildState> {
  await kv.settle();
  await endAt(kv, end, 'connecting');
  return { what: 'index', step: 'connecting' };
}

/** Everything is connected again. */
export async function endRebuild(kv: Kv): Promise<void> {
  await kv.batch([del(REBUILD_KEY)], { sync: true });
}

async function endAt(kv: Kv, bodies: FileEnd, step: RebuildState['step']): Promise<void> {
  const value = encodeFileEnds({ bodies, undo: { file: 0, offset: 0 } });
  await kv.batch([{ type: 'put', key: FILE_ENDS_KEY, value }, stateOp({ what: 'index', step })], { sync: true });
}

function del(key: Uint8Array): KvOp {
  return { type: 'del', key };
}

/** Deletes every record in the range; `tell` hears how many are gone, `stop` ends it with an error. */
export async function wipe(
  kv: Kv,
  range: { readonly gte: Uint8Array; readonly lt: Uint8Array },
  { tell, stop }: { readonly tell?: (done: number) => void; readonly stop?: AbortSignal | undefined } = {},
): Promise<void> {
  let ops: KvOp[] = [];
  let done = 0;
  for await (const [key] of kv.iterate(range)) {
    ops.push(del(key));
    if (ops.length < CHUNK) continue;
    await kv.batch(ops, { sync: false });
    stop?.throwIfAborted();
    done += ops.length;
    tell?.(done);
    ops = [];
  }
  await kv.batch(ops, { sync: false });
}

async function endOfFiles(fs: BlockFs): Promise<FileEnd> {
  const names = await fs.list();
  const first = names.includes(recordFileName('blk', 0));
  let last = 0;
  for (const name of names) {
    const number = recordFileNumber('blk', name);
    if (number !== undefined) last = Math.max(last, number);
  }
  if (!first) return { file: 0, offset: 0 };
  const file = await fs.open(recordFileName('blk', last), 'read');
  try {
    return { file: last, offset: await file.size() };
  } finally {
    await file.close();
  }
}
