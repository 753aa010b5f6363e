import type { Lifetime } from '../util/lifetime.ts';
import type { Pause } from '../util/steps.ts';
import type { CoinDoubt } from './coinDoubt.ts';
import type { FlushProgress } from './coinFlush.ts';
import type { DamageLatch } from './damageLatch.ts';
import type { WriteBehind } from './durableWrites.ts';
import type { OpenFilesParts } from './openFiles.ts';
import type { RebuildState } from './rebuild.ts';

/** What the storage of a full node is made of. */
export interface ChainStoreParts extends OpenFilesParts {
  /** What a rebuild has left to do once the store is open. */
  readonly rebuild?: RebuildState;
  /** For coins; default 450 * 10^6 bytes. */
  readonly cacheBytes?: number;
  /** Lets syncs and flushes wait. Without it every commit is synced, and coins are flushed when the cache is full or by flush(). */
  readonly behind?: WriteBehind;
  /** Coins per batch of a flush, as FlushParts. */
  readonly flushSlice?: number;
  /** Dirty coins that a flush may find after flushAhead; default 200,000. */
  readonly flushAhead?: number;
  /** Hears how far a flush is. */
  readonly onFlush?: FlushProgress;
  /** Ends the replacing and dropping of coins with an error; flushes never. */
  readonly stop?: AbortSignal;
  /** Shared with the database: what is met there ends all writing. */
  readonly latch?: DamageLatch;
  /** Looks closely at the database before a block is refused because of it. Absent: it is trusted. */
  readonly doubt?: CoinDoubt;
  /** Asked between the steps of long work; default: none. */
  readonly pause?: Pause;
  /** Closed by close(), after the files. */
  readonly lifetime: Lifetime;
}
