import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addSums } from './addSums.node.ts';
import type { FreeBytes } from './copyRoom.node.ts';
import { openLevelKv } from './kvLevel.node.ts';
import { wipe } from './rebuild.ts';
import { PREFIX, rangeOf } from './schema.ts';

/** Tells people what is being done to their data directory. */
export type TellMigration = (message: string) => void;

export interface Migrating {
  readonly tell: TellMigration;
  /** Ends it with an error; what is left is done by the next start. */
  readonly stop?: AbortSignal | undefined;
  /** Default: what the operating system says. */
  readonly freeBytes?: FreeBytes | undefined;
}

/** A migration of one directory. `replaced`: databases that are made anew right after, and need not be led anywhere. */
export interface MigrationRun extends Migrating {
  readonly replaced: readonly string[];
}

/** Leads a data directory from one format to the next. Done again after a crash, it must come to the same. */
interface Migration {
  readonly to: number;
  readonly what: string;
  run(dir: string, options: MigrationRun): Promise<void>;
}

/** By the format that they start from. */
const MIGRATIONS: ReadonlyMap<number, Migration> = new Map([
  [
    1,
    {
      to: 2,
      what: 'the transaction index gets a database of its own',
      /** The old one goes; the new one is built while the node runs. */
      async run(dir: string, { tell, stop, replaced }: MigrationRun): Promise<void> {
        const path = join(dir, 'chain');
        if (!existsSync(path) || replaced.includes('chain')) return;
        const kv = await openLevelKv(path);
        try {
          await wipe(kv, rangeOf(PREFIX.TX), { stop, tell: (done) => tell(`${done} old entries deleted`) });
          await wipe(kv, rangeOf(PREFIX.TXINDEX_STATE));
          await wipe(kv, rangeOf(PREFIX.INDEX_LOW));
          await kv.settle();
        } finally {
          await kv.close();
        }
      },
    },
  ],
  [2, { to: 3, what: 'the records of the databases get checksums', run: addSums }],
]);

/** True when a directory of format `from` can be led to format `to`. */
export function canMigrate(from: unknown, to: number): from is number {
  let at = from;
  while (typeof at === 'number' && at < to) at = MIGRATIONS.get(at)?.to;
  return at === to;
}

/**
 * Leads data directory `dir`, which this process holds, from format `from` to format `to`. `reached` is called after each
 * step and makes the format known on disk: a crash before leaves the step to be done again.
 */
export async function migrate(
  dir: string,
  from: number,
  to: number,
  options: MigrationRun & { readonly reached: (format: number) => Promise<void> },
): Promise<void> {
  for (let at = from; at !== to; ) {
    const step = MIGRATIONS.get(at) as Migration;
    options.tell(`data directory ${dir}: from format ${at} to ${step.to}: ${step.what}`);
    await step.run(dir, options);
    await options.reached(step.to);
    at = step.to;
  }
}
