import type { ChainManager } from '../../chain/chainManager.ts';
import { type CoinWalk, RollbackTooLong, walkBefore } from '../../chain/coinWalk.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { diffOfConnected } from '../../chain/judgeBlock.ts';
import type { UtxoDiff } from '../../ledger/coin.ts';
import { CoinSetStats } from '../../ledger/coinSetStats.ts';
import { encodeSnapshotHead, SNAPSHOT_HEAD_BYTES, SnapshotWriter } from '../../ledger/coinSnapshot.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import type { DumpRefusal } from '../../rpc/backend.ts';
import type { CoinWalks } from './coinWalks.ts';
import { DraftFile, exists, WRITE_CHUNK } from './snapshotFile.node.ts';

/** Changed coins that are held to make an earlier block's coins: about 400 bytes each. */
const MAX_CHANGES = 1_000_000;

export interface DumpParts {
  readonly chain: Pick<ChainManager, 'coinsAtTip' | 'ancestor' | 'readBlock' | 'spentCoins'>;
  readonly walks: CoinWalks;
  /** The network's. */
  readonly magic: Uint8Array;
}

export interface DumpedCoins {
  readonly base: HeaderEntry;
  readonly coins: number;
  readonly hash: Hash256;
}

/** Thrown inside, told outside as a reason. */
class Refused extends Error {
  readonly reason: DumpRefusal;

  constructor(reason: DumpRefusal) {
    super(reason);
    this.reason = reason;
  }
}

type DumpOutcome =
  | { readonly ok: true; readonly value: DumpedCoins }
  | { readonly ok: false; readonly reason: DumpRefusal };

/**
 * Writes the coins after block `base` (default: the tip) to `path`, absolute, in Bitcoin Core's format. For an earlier block
 * the coins are made from those at the tip and the undo data since: no tip moves. Throws when disk or store fail.
 */
export async function dumpCoins(parts: DumpParts, path: string, base?: HeaderEntry): Promise<DumpOutcome> {
  if (await exists(path)) return { ok: false, reason: 'exists' };
  let draft: DraftFile;
  try {
    draft = await DraftFile.create(path);
  } catch {
    return { ok: false, reason: 'cannot-open' };
  }
  try {
    const value = await parts.walks.run(() => write(parts, draft, base));
    await draft.finish();
    return { ok: true, value };
  } catch (error) {
    await draft.discard();
    if (error instanceof Refused) return { ok: false, reason: error.reason };
    throw error;
  }
}

async function write(parts: DumpParts, draft: DraftFile, wanted: HeaderEntry | undefined): Promise<DumpedCoins> {
  // The head is written at the end, when the number of coins is known.
  await draft.append(new Uint8Array(SNAPSHOT_HEAD_BYTES));
  const { tip, coins } = await parts.chain.coinsAtTip();
  const base = wanted ?? tip;
  const walk = base === tip ? coins : await coinsOf(parts, { tip, base, coins });
  const stats = new CoinSetStats('hash_serialized_3');
  const writer = new SnapshotWriter();
  const whole = await parts.walks.each(walk, (change) => {
    stats.add(change);
    writer.add(change);
    return writer.length < WRITE_CHUNK ? undefined : draft.append(writer.take(false));
  });
  if (!whole) throw new Refused('stopping');
  await draft.append(writer.take(true));
  const head = { baseHash: base.header.hash, coins: BigInt(stats.coins) };
  await draft.overwrite(encodeSnapshotHead(parts.magic, head), 0);
  return { base, coins: stats.coins, hash: stats.finish().hash as Hash256 };
}

/** The coins after `base`, an ancestor of `tip`. Ends the walk when it refuses. */
async function coinsOf(
  { chain, walks }: DumpParts,
  at: { readonly tip: HeaderEntry; readonly base: HeaderEntry; readonly coins: CoinWalk },
): Promise<CoinWalk> {
  const { tip, base, coins } = at;
  async function* undone(): AsyncGenerator<UtxoDiff> {
    if (chain.ancestor(tip, base.height) !== base) throw new Refused('not-active');
    for (let entry = tip; entry !== base; entry = entry.parent as HeaderEntry) {
      if (walks.stopping) throw new Refused('stopping');
      const block = await chain.readBlock(entry);
      const spent = await chain.spentCoins(entry);
      if (block === undefined || spent === undefined) throw new Refused('pruned');
      yield diffOfConnected(block, entry.height, spent);
    }
  }
  try {
    return await walkBefore(coins, undone(), MAX_CHANGES);
  } catch (error) {
    throw error instanceof RollbackTooLong ? new Refused('too-far') : error;
  }
}
