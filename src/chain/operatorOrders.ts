import type { Judge } from '../consensus/engine.ts';
import type { Candidates } from './candidates.ts';
import type { HeaderEntry } from './entry.ts';
import type { HeaderChain } from './headerChain.ts';
import type { IndexEntry } from './headerIndex.ts';
import { applyChange, type EntryChange, toStored } from './storedEntry.ts';
import type { TipMover } from './tipMover.ts';

/** What operators order; each runs when the tip rests. An order that cannot be carried out is no failure of ours: it is told. */

/** What an order may not touch. */
export interface OrderLimits {
  /** The highest active block that cannot be taken back because of pruning. */
  readonly floor: HeaderEntry | undefined;
  /** What the coins began with, while its past is not validated. */
  readonly base: HeaderEntry | undefined;
}

/** Resolves with the reason when it cannot be done: then nothing has changed. */
export async function invalidate(
  target: IndexEntry,
  mover: TipMover,
  { floor, base }: OrderLimits,
): Promise<string | undefined> {
  if (target.parent === undefined) return 'the genesis block cannot be invalidated';
  if (base !== undefined && target.height <= base.height)
    return 'blocks up to the base of a snapshot cannot be taken back before they are validated';
  if (mover.isActive(target) && floor !== undefined && target.height <= floor.height)
    return `the undo data of block ${floor.height} and those below it were pruned`;
  await mover.activate(async () => {
    while (mover.isActive(target)) await mover.disconnect();
    await mover.markInvalid(target);
  });
  return undefined;
}

/**
 * At start: an order is on disk at once, the coins below the block follow with the next flush. After a crash in between they
 * are those above it: takes the tip back to a block that is not invalid.
 */
export async function leaveInvalid(mover: TipMover, candidates: Candidates): Promise<void> {
  if (!mover.tip.isInvalid) return;
  while (mover.tip.isInvalid) await mover.disconnect();
  candidates.rebuild(mover.tip);
}

export async function reconsider(
  target: IndexEntry,
  parts: {
    readonly judge: Judge<unknown>;
    readonly headers: HeaderChain;
    readonly mover: TipMover;
    readonly candidates: Candidates;
  },
): Promise<void> {
  const { judge, headers, mover, candidates } = parts;
  const branch = [target, ...headers.index.descendants(target)];
  for (let at = target.parent; at !== undefined; at = at.parent) branch.unshift(at);
  const cleared = branch.filter((e) => e.isInvalid);
  if (cleared.length === 0) return;
  const changes = cleared.map((e): EntryChange => ({ status: statusByData(e) }));
  const stored = cleared.map((e, i) => toStored(e, judge, changes[i]));
  await mover.activate(async () => {
    await mover.commit({ headers: stored });
    for (const [i, e] of cleared.entries()) applyChange(e, changes[i] as EntryChange);
    for (const e of cleared) candidates.link(e, mover.tip);
    candidates.rebuild(mover.tip);
    headers.refreshBest();
  });
}

/** The status of a block as if nothing had been found wrong with it. */
function statusByData(entry: IndexEntry): 'header' | 'stored' | 'valid' {
  if (!entry.hasBody) return 'header';
  return entry.undo === undefined ? 'stored' : 'valid';
}
