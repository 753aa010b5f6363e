import { StoredChainError } from '../../chain/halt.ts';
import { contextAfter, type IndexEntry } from '../../chain/headerIndex.ts';
import type { FilePosition, StoredHeader } from '../../chain/ports.ts';
import { fromStored } from '../../chain/storedEntry.ts';
import type { Judge } from '../../consensus/engine.ts';
import type { Network } from '../../params/network.ts';
import { hashKey } from '../../primitives/hash.ts';
import { decodeHeader, prevHashOf } from '../../primitives/header.ts';
import { decodeStoredHeader } from '../../store/headerCodec.ts';
import { PREFIX, placeOfHeaderKey, rangeOf } from '../../store/schema.ts';
import { equalBytes } from '../../util/bytes.ts';
import { DecodeError } from '../../util/codec.ts';
import type { Kv } from '../../util/ports.ts';
import type { VerifyPorts } from './findings.ts';

export interface HeadersToVerify extends VerifyPorts {
  readonly kv: Pick<Kv, 'iterate'>;
  /** Folder of the database, for messages. */
  readonly path: string;
  readonly network: Pick<Network, 'chainId'>;
  readonly judge: Judge<unknown>;
  readonly nowMs: number;
  /** They are being read anew from the block files: some, or all, are still missing. */
  readonly partial?: boolean;
}

/** Entries by hashKey. */
export type Entries = ReadonlyMap<string, IndexEntry>;

/**
 * Reads every header: its key is its hash and height, its parent is there, height, work and engine state follow from the
 * parent, and the engine's rules hold. Returns those that can be placed in the tree.
 */
export async function verifyHeaders(options: HeadersToVerify): Promise<Entries> {
  const { kv, path, found, progress, stopped } = options;
  const entries = new Map<string, IndexEntry>();
  let count = 0;
  for await (const [key, value] of kv.iterate(rangeOf(PREFIX.HEADER))) {
    if (stopped()) break;
    const { height, hash } = placeOfHeaderKey(key);
    const wrong = (detail: string): void => {
      const id = decodeHeaderId(value);
      found({ part: 'headers', path, offset: undefined, block: id === undefined ? undefined : { height, id }, detail });
    };
    try {
      const stored = decodeStoredHeader(value, { height, hash: hash.slice() });
      const parent = entries.get(hashKey(prevHashOf(stored.header80)));
      const detail = placeFault(stored, parent, options);
      if (detail === undefined) {
        const entry = fromStored(stored, parent, options.judge);
        entries.set(entry.header.key, entry);
        const fault = ruleFault(entry, stored, options);
        if (fault !== undefined) wrong(fault);
      } else wrong(detail);
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof StoredChainError)) throw error;
      wrong(error.message);
    }
    progress({ stage: 'headers', done: ++count, total: 0, unit: 'headers' });
  }
  if (!stopped() && options.partial !== true && !entries.has(hashKey(options.network.chainId)))
    found({ part: 'headers', path, offset: undefined, block: undefined, detail: 'the genesis header is missing' });
  return entries;
}

function decodeHeaderId(value: Uint8Array): string | undefined {
  return value.length < 80 ? undefined : decodeHeader(value.slice(0, 80)).id;
}

function placeFault(
  stored: StoredHeader,
  parent: IndexEntry | undefined,
  { network }: HeadersToVerify,
): string | undefined {
  if (stored.height > 0) return parent === undefined ? 'its parent is missing or damaged' : undefined;
  return equalBytes(stored.hash, network.chainId) ? undefined : 'the genesis header is that of another network';
}

function ruleFault(entry: IndexEntry, stored: StoredHeader, { judge, nowMs }: HeadersToVerify): string | undefined {
  const { parent } = entry;
  const state = parent === undefined ? judge.genesis() : undefined;
  if (parent === undefined)
    return equalBytes(judge.encodeState(state), stored.state) ? undefined : 'engine state differs';
  const verdict = judge.verify({ header: entry.header, seal: entry.seal }, contextAfter(parent), parent.state, nowMs);
  if (!verdict.ok) return `${verdict.rule}: ${verdict.detail}`;
  if (!equalBytes(judge.encodeState(verdict.value), stored.state))
    return 'engine state does not follow from its parent';
  const isUnderInvalid = parent.isInvalid && !entry.isInvalid;
  return isUnderInvalid ? `its status is ${entry.status}, its parent's ${parent.status}` : undefined;
}

/** The entries that have a record, with its place. */
export function* owners(
  entries: Entries,
  position: (entry: IndexEntry) => FilePosition | undefined,
): Generator<readonly [IndexEntry, FilePosition]> {
  for (const entry of entries.values()) {
    const at = position(entry);
    if (at !== undefined) yield [entry, at];
  }
}
