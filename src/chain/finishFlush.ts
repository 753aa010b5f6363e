import type { UtxoDiff } from '../ledger/coin.ts';
import { reverseDiff } from '../ledger/utxoDiff.ts';
import { decodingSealedBlock } from '../primitives/block.ts';
import { displayHash, type Hash256 } from '../primitives/hash.ts';
import { type Pause, walkSteps } from '../util/steps.ts';
import { StoredChainError } from './halt.ts';
import { forkOf, type HeaderIndex, type IndexEntry } from './headerIndex.ts';
import { findingDiffOfConnected } from './judgeBlock.ts';
import type { ChainStore } from './ports.ts';

type Store = Pick<ChainStore, 'interruptedFlush' | 'finishFlush'>;
type Files = Pick<ChainStore, 'readBody' | 'readUndo'>;

/**
 * When a crash interrupted a flush of the coins in `store`, brings them to the block that the flush was for. What each block on the way
 * did to the coins is read from its body and undo record, without asking for coins, as they are a mix: an outpoint that any
 * block on the way touches ends up as the last one left it, and no other differs between the two ends.
 * Throws StoredChainError, and StoreError for damaged files. `checkStop` is called before each block and may throw: then the
 * flush is still an interrupted one. `pause` is asked between the steps of a large block.
 */
export async function finishFlush(
  store: Store,
  index: Pick<HeaderIndex, 'get'>,
  files: Files,
  checkStop: () => void = () => {},
  pause?: Pause,
): Promise<void> {
  const interrupted = await store.interruptedFlush();
  if (interrupted === undefined) return;
  const entryOf = (hash: Hash256): IndexEntry => {
    const entry = index.get(hash);
    if (entry === undefined)
      throw new StoredChainError(
        `the coins were flushed for block ${displayHash(hash)}, which is not among the headers`,
      );
    return entry;
  };
  const diffs = diffsBetween(files, entryOf(interrupted.from), entryOf(interrupted.to), pause);
  await store.finishFlush(checked(diffs, checkStop));
}

async function* checked(diffs: AsyncIterable<UtxoDiff>, checkStop: () => void): AsyncGenerator<UtxoDiff> {
  for await (const diff of diffs) {
    checkStop();
    yield diff;
  }
}

async function* diffsBetween(
  files: Files,
  from: IndexEntry,
  to: IndexEntry,
  pause: Pause | undefined,
): AsyncGenerator<UtxoDiff> {
  const fork = forkOf(from, to);
  for (let at = from; at !== fork; at = at.parent as IndexEntry) yield reverseDiff(await diffOf(files, at, pause));
  for (let height = fork.height + 1; height <= to.height; height++)
    yield await diffOf(files, to.ancestor(height) as IndexEntry, pause);
}

async function diffOf(files: Files, entry: IndexEntry, pause: Pause | undefined): Promise<UtxoDiff> {
  const { body, undo } = entry;
  if (body === undefined || undo === undefined)
    throw new StoredChainError(
      `the coins were flushed over block ${entry.header.id}, whose body or undo record is missing`,
    );
  const block = await walkSteps(decodingSealedBlock(await files.readBody(body)), pause);
  return await walkSteps(findingDiffOfConnected(block, entry.height, await files.readUndo(undo)), pause);
}
