import { join } from 'node:path';
import type { RoleParts } from '../role.node.ts';
import { DiskGuard } from './diskGuard.ts';
import { scarcest } from './freeSpace.node.ts';

/** Of a coin that waits in memory: its record, in LevelDB's log and once more in a table (Bitcoin Core reckons with as much). */
export const BYTES_PER_COIN = 192;

/**
 * Guards the data directory of a node, which has looked once. Blocks and database may lie on disks of their own.
 * `dirtyCoins`: how many coins wait in memory.
 */
export async function watchDisk(
  parts: Pick<RoleParts, 'config' | 'clock' | 'platform' | 'log' | 'lifetime'>,
  dirtyCoins: () => number,
): Promise<DiskGuard> {
  const { config, clock, platform, log, lifetime } = parts;
  const folders = [config.datadir, join(config.datadir, 'chain'), join(config.datadir, 'blocks')];
  const guard = new DiskGuard({
    reserve: config.minFreeMb * 1_000_000,
    unwritten: () => dirtyCoins() * BYTES_PER_COIN,
    free: () => scarcest(folders),
    ...{ clock, timers: platform.timers, lifetime },
    log: log.child({ room: 'disk' }),
  });
  await guard.look();
  return guard;
}
