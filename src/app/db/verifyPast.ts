import type { IndexEntry } from '../../chain/headerIndex.ts';
import { displayHash, type Hash256, hashKey } from '../../primitives/hash.ts';
import { readCoinState } from '../../store/coinFlush.ts';
import { StoreError } from '../../store/errors.ts';
import type { FolderReader } from '../../store/level/damage.ts';
import { SNAPSHOT_KEY } from '../../store/schema.ts';
import { decodeSnapshot } from '../../store/snapshotRecord.ts';
import { DecodeError } from '../../util/codec.ts';
import type { Kv } from '../../util/ports.ts';
import type { VerifyPorts } from './findings.ts';
import { verifyCoins } from './verifyCoins.ts';
import { verifyDatabase } from './verifyDatabase.ts';
import type { Entries } from './verifyHeaders.ts';

/**
 * The base of the snapshot that the chain of `tip` stands on; undefined when it stands on none, or the record is wrong.
 * "loading": its coins were being replaced by a snapshot's when the node ended.
 */
export async function readSnapshot(
  kv: Kv,
  tip: IndexEntry | undefined,
  entries: Entries,
  wrong: (detail: string) => void,
): Promise<IndexEntry | 'loading' | undefined> {
  const bytes = tip && (await kv.get(SNAPSHOT_KEY));
  if (tip === undefined || bytes === undefined) return undefined;
  try {
    const { base, state } = decodeSnapshot(bytes);
    if (state === 'loading') return state;
    const entry = entries.get(hashKey(base));
    if (entry === undefined || tip.ancestor(entry.height) !== entry)
      wrong(`the snapshot's block ${displayHash(base)} is not below the tip`);
    else if (state === 'unvalidated') return entry;
    else wrong(`the snapshot at height ${entry.height} is ${state}`);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    wrong(`the record of the snapshot: ${error.message}`);
  }
  return undefined;
}

export interface PastToVerify extends VerifyPorts {
  readonly folder: FolderReader;
  /** Undefined when the chain's database is damaged: then only checksums are looked at. */
  readonly entries: Entries | undefined;
  /** Base of the snapshot, while its past is not validated. */
  readonly base: IndexEntry | undefined;
}

export interface VerifiedPast {
  readonly notes: readonly string[];
  /** The coins, where they are readable and of a block below the base; `chain` from genesis to that block. */
  readonly whole?: {
    readonly kv: Kv;
    readonly path: string;
    readonly chain: readonly IndexEntry[];
    readonly coins: number;
  };
}

/** Verifies the database of the coins below a snapshot, as the chain's coins are verified. */
export async function verifyPast(options: PastToVerify): Promise<VerifiedPast> {
  const { folder, entries, base, found } = options;
  const path = folder.path('').replace(/[/\\]$/, '');
  const { kv } = await verifyDatabase({ ...options, path, part: 'past', recordPart: () => 'past' });
  if (kv === undefined || entries === undefined) return { notes: [] };
  if (base === undefined)
    return { notes: ['there are coins below a snapshot, and no snapshot: the next start removes them'] };
  const wrong = (detail: string): void => found({ part: 'past', path, offset: undefined, block: undefined, detail });
  const state = await readState(kv, path, wrong);
  if (state === undefined) return { notes: [] };
  const { tip, count, interrupted } = state;
  if (tip === undefined) return { notes: ['the blocks below the snapshot are not begun yet'] };
  if (count === undefined)
    return { notes: ['the coins below the snapshot were written by an earlier version: the next start begins anew'] };
  if (interrupted !== undefined)
    return { notes: ['coins below the snapshot were being written when the node was killed: not compared'] };
  const chain = chainTo(tip, entries, base, wrong);
  if (chain === undefined) return { notes: [] };
  const height = chain.length - 1;
  const coins = await verifyCoins({ ...options, kv, path, part: 'past', height, count: Number(count) });
  return { notes: [], whole: { kv, path, chain, coins } };
}

async function readState(
  kv: Kv,
  path: string,
  wrong: (detail: string) => void,
): Promise<Awaited<ReturnType<typeof readCoinState>> | undefined> {
  try {
    return await readCoinState(kv, path);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    wrong(error.detail);
    return undefined;
  }
}

/** Genesis … the block of the coins, all of which must be connected and below the base. */
function chainTo(
  tip: Hash256,
  entries: Entries,
  base: IndexEntry,
  wrong: (detail: string) => void,
): readonly IndexEntry[] | undefined {
  const last = entries.get(hashKey(tip));
  if (last === undefined || base.ancestor(last.height) !== last) {
    wrong(`its coins are those of block ${displayHash(tip)}, which is not below the snapshot's`);
    return undefined;
  }
  const chain: IndexEntry[] = [];
  for (let at: IndexEntry | undefined = last; at !== undefined; at = at.parent) {
    chain[at.height] = at;
    if (at.status === 'valid') continue;
    wrong(`block ${at.height} (${at.header.id}) is below its coins, but its status is ${at.status}`);
    return undefined;
  }
  return chain;
}
