import { type FileHandle, open } from 'node:fs/promises';
import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { SnapshotCutError } from '../../chain/snapshotBase.ts';
import type { CoinChange } from '../../ledger/coin.ts';
import { CoinSetStats } from '../../ledger/coinSetStats.ts';
import { decodeSnapshotHead, SNAPSHOT_HEAD_BYTES, type SnapshotHead } from '../../ledger/coinSnapshot.ts';
import { SnapshotReader } from '../../ledger/coinSnapshotReader.ts';
import type { AssumedCoins } from '../../params/network.ts';
import { displayHash, type Hash256, parseHash } from '../../primitives/hash.ts';
import { DecodeError } from '../../util/codec.ts';
import type { Clock, Logger } from '../../util/ports.ts';
import { StopRequested } from '../signals.node.ts';
import type { CoinWalks } from './coinWalks.ts';

/** Bytes read at once: their coins are parsed and hashed in some milliseconds. */
const READ_CHUNK = 1 << 17;
/** Between two lines of the log. */
const LINE_MS = 10_000;

export interface LoadParts {
  readonly chain: Pick<ChainManager, 'entry' | 'snapshot'>;
  readonly walks: CoinWalks;
  /** The network's. */
  readonly magic: Uint8Array;
  /** What may be loaded. */
  readonly assumed: readonly AssumedCoins[];
  /** True while transactions wait: they were judged by other coins. */
  readonly poolBusy: () => boolean;
  /** Why so many coins cannot be written now, for people; undefined when they can. */
  readonly lackFor: (coins: number) => Promise<string | undefined>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
}

export interface LoadedCoins {
  readonly base: HeaderEntry;
  readonly coins: number;
}

export type LoadOutcome =
  | { readonly ok: true; readonly value: LoadedCoins }
  /** malformed: no snapshot of this network; refused: everything else, `detail` says why. */
  | {
      readonly ok: false;
      readonly reason: 'cannot-open' | 'malformed' | 'refused' | 'stopping';
      readonly detail: string;
    };

/** Thrown inside, told outside. */
class Refused extends Error {
  readonly reason: 'malformed' | 'refused';

  constructor(reason: 'malformed' | 'refused', detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/**
 * Loads a snapshot of coins from the file at `path`, absolute. It is read twice: first only to see whether its coins have
 * the hash that network or operator gave; nothing changes when they have not. Then they become the chain's, hashed again.
 */
export async function loadCoins(parts: LoadParts, path: string): Promise<LoadOutcome> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return { ok: false, reason: 'cannot-open', detail: (error as Error).message };
  }
  try {
    return { ok: true, value: await parts.walks.run(() => load(parts, file)) };
  } catch (error) {
    const cause = error instanceof SnapshotCutError ? error.cause : error;
    const reason = cause instanceof Refused ? cause.reason : cause instanceof StopRequested ? 'stopping' : undefined;
    if (reason === undefined) throw error;
    // Of one that was cut, its message says what becomes of the coins.
    const whole = cause === error && reason === 'stopping' ? '; nothing was changed' : '';
    const detail = `${(error as Error).message}${whole}`;
    parts.log.warn({ path, why: detail }, 'no snapshot of coins was loaded');
    return { ok: false, reason, detail };
  } finally {
    await file.close();
  }
}

async function load(parts: LoadParts, file: FileHandle): Promise<LoadedCoins> {
  const { chain, poolBusy } = parts;
  const head = await readHead(file, parts.magic);
  const assumed = assumedOf(parts.assumed, head);
  const base = chain.entry(head.baseHash);
  if (base === undefined)
    throw refused(
      `The base block header (${assumed.block}) must appear in the headers chain. Make sure all headers are syncing, and call loadtxoutset again`,
    );
  if (base.height !== assumed.height)
    throw refused(`block ${assumed.block} is at height ${base.height}, not ${assumed.height} as was given for it`);
  const allowed = (): string | undefined =>
    poolBusy() ? "Can't activate a snapshot when mempool not empty" : undefined;
  const why = chain.snapshot.refusal(base) ?? allowed();
  if (why !== undefined) throw refused(why);
  const lack = await parts.lackFor(Number(head.coins));
  if (lack !== undefined) throw refused(`no-disk-space: ${lack}`);
  const coinsHash = parseHash(assumed.hash);
  const { log, clock } = parts;
  const coins = Number(head.coins);
  const read = (doing: string): AsyncGenerator<CoinChange> => {
    const observe = lineEvery(LINE_MS, clock, (done) => log.info({ coins: done, of: coins }, doing));
    return coinsIn(file, { head, base, coinsHash, walks: parts.walks, observe });
  };
  log.info({ block: assumed.block, height: base.height, coins }, 'reading a snapshot of coins');
  for await (const _ of read('reading a snapshot of coins'));
  log.info({ hash: assumed.hash }, 'the snapshot has the hash that was given: its coins replace those of the chain');
  const given = { coinsHash, chainTx: assumed.chainTx, coins: read('replacing the coins of the chain'), allowed };
  const refusal = await chain.snapshot.load(base, given);
  if (refusal !== undefined) throw refused(refusal);
  log.info({ height: base.height, coins }, 'the chain stands on the snapshot of coins');
  return { base, coins };
}

/** Calls `tell` when so much time has passed since the last call, or the beginning. */
function lineEvery(ms: number, clock: LoadParts['clock'], tell: (done: number) => void): (done: number) => void {
  let last = clock.monotonicMs();
  return (done) => {
    const now = clock.monotonicMs();
    if (now - last < ms) return;
    last = now;
    tell(done);
  };
}

const refused = (detail: string): Refused => new Refused('refused', detail);

async function readHead(file: FileHandle, magic: Uint8Array): Promise<SnapshotHead> {
  const bytes = new Uint8Array(SNAPSHOT_HEAD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  try {
    return decodeSnapshotHead(magic, bytes.subarray(0, bytesRead));
  } catch (error) {
    if (error instanceof DecodeError) throw new Refused('malformed', error.message);
    throw error;
  }
}

function assumedOf(all: readonly AssumedCoins[], { baseHash }: SnapshotHead): AssumedCoins {
  const id = displayHash(baseHash);
  const found = all.find((one) => one.block === id);
  if (found !== undefined) return found;
  const heights = all.map((one) => one.height).sort((a, b) => a - b);
  throw refused(
    `assumeutxo block hash in snapshot metadata not recognized (hash: ${id}). The following snapshot heights are available: ${heights.join(', ')}.`,
  );
}

/** The coins of the file, in key order. Throws Refused after the last when their hash is not `coinsHash`. */
async function* coinsIn(
  file: FileHandle,
  at: {
    readonly head: SnapshotHead;
    readonly base: HeaderEntry;
    readonly coinsHash: Hash256;
    readonly walks: CoinWalks;
    /** Told how many there were, now and then. */
    readonly observe: (done: number) => void;
  },
): AsyncGenerator<CoinChange> {
  const reader = new SnapshotReader(at.head.coins, at.base.height);
  const stats = new CoinSetStats('hash_serialized_3');
  const buffer = new Uint8Array(READ_CHUNK);
  try {
    for (let position = SNAPSHOT_HEAD_BYTES, left = true; left; ) {
      if (at.walks.stopping) throw new StopRequested('order');
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      position += bytesRead;
      left = bytesRead > 0;
      at.observe(stats.coins);
      for (const change of left ? reader.push(buffer.subarray(0, bytesRead)) : reader.end()) {
        stats.add(change);
        yield change;
      }
    }
  } catch (error) {
    if (error instanceof DecodeError) throw refused(error.message);
    throw error;
  }
  const expected = displayHash(at.coinsHash);
  const found = displayHash(stats.finish().hash as Hash256);
  if (found !== expected) throw refused(`Bad snapshot content hash: expected ${expected}, got ${found}`);
}
