import type { Judge } from '../consensus/engine.ts';
import { decodeHeader, encodeHeader } from '../primitives/header.ts';
import { equalBytes } from '../util/bytes.ts';
import { DecodeError } from '../util/codec.ts';
import { StoredChainError } from './halt.ts';
import { IndexEntry } from './headerIndex.ts';
import type { StoredHeader } from './ports.ts';

/** What of an entry may differ in the record about to be written: memory changes only after the commit. */
export type EntryChange = Partial<Pick<StoredHeader, 'status' | 'txCount' | 'body' | 'undo'>>;

/** The record of `entry`, with `change` applied. */
export function toStored(entry: IndexEntry, judge: Judge<unknown>, change: EntryChange = {}): StoredHeader {
  const body = change.body ?? entry.body;
  const undo = change.undo ?? entry.undo;
  return {
    hash: entry.header.hash,
    header80: encodeHeader(entry.header),
    seal: entry.seal,
    height: entry.height,
    chainWork: entry.chainWork,
    state: judge.encodeState(entry.state),
    sequence: entry.sequence,
    status: change.status ?? entry.status,
    txCount: change.txCount ?? entry.txCount,
    ...(body === undefined ? {} : { body }),
    ...(undo === undefined ? {} : { undo }),
  };
}

/** Makes memory equal to the record that was committed. */
export function applyChange(entry: IndexEntry, change: EntryChange): void {
  if (change.status !== undefined) entry.status = change.status;
  if (change.txCount !== undefined) entry.txCount = change.txCount;
  if (change.body !== undefined) entry.body = change.body;
  if (change.undo !== undefined) entry.undo = change.undo;
}

/**
 * The entry of a record whose parent is known. Heights and work are computed again and must agree with the record.
 * Throws StoredChainError.
 */
export function fromStored(stored: StoredHeader, parent: IndexEntry | undefined, judge: Judge<unknown>): IndexEntry {
  const header = decodeHeader(stored.header80);
  if (!equalBytes(header.hash, stored.hash))
    throw new StoredChainError(`the header at height ${stored.height} is not the one it was stored as`);
  const entry = new IndexEntry({ header, seal: stored.seal }, parent, stateOf(stored, judge), stored.sequence);
  if (entry.height !== stored.height || entry.chainWork !== stored.chainWork)
    throw new StoredChainError(`header ${entry.header.id} disagrees with its parent about height or work`);
  applyChange(entry, stored);
  return entry;
}

function stateOf(stored: StoredHeader, judge: Judge<unknown>): unknown {
  try {
    return judge.decodeState(stored.state);
  } catch (error) {
    if (error instanceof DecodeError) throw new StoredChainError(`engine state at height ${stored.height}`, error);
    throw error;
  }
}
