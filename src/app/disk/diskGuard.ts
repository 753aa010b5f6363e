import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import { Emitter } from '../../util/events.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import type { Clock, Logger, Timers } from '../../util/ports.ts';

const MB = 1_000_000;
/** How often it is looked, whatever is written. */
const LOOK_MS = 1_000;
/** … and after so many bytes of blocks, or an eighth of the reserve: their coins and undo data take as much again. */
const LOOK_BYTES = 4 * MB;
/** Paused, the node wants a tenth more than its reserve, so that a few kilobytes do not make it start and stop. */
const RESUME_PART = 10;

export interface DiskGuardParts {
  /** Bytes that must stay free; 0: never pauses. */
  readonly reserve: number;
  /** Bytes that wait in memory and will be written: they must fit beside the reserve. */
  readonly unwritten: () => number;
  readonly free: () => Promise<{ readonly path: string; readonly bytes: number }>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly lifetime: Lifetime;
}

export interface DiskGuardEvents {
  /** Why no blocks are taken from now on. */
  paused: string;
  resumed: undefined;
}

/**
 * Watches the free space of the data directory. Below the reserve the node is paused: nobody asks for blocks, makes or takes
 * any, while everything else goes on; with space again so do blocks. What is left of the reserve is for headers, the pool's
 * file, compaction, and for stopping in order.
 */
export class DiskGuard {
  readonly events = new Emitter<DiskGuardEvents>();
  readonly #parts: DiskGuardParts;
  #paused: string | undefined;
  #freeBytes: number | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #bytesSince = 0;
  #looking: Promise<void> | undefined;
  #blind = false;

  constructor(parts: DiskGuardParts) {
    this.#parts = parts;
    parts.lifetime.add(parts.timers.every(LOOK_MS, () => void this.look()));
  }

  /** Why no blocks are taken, for people; undefined while all is well. */
  get paused(): string | undefined {
    return this.#paused;
  }

  /** As last seen; undefined when it could not be. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  /** Is there room for what waits in memory, maybe out of the reserve? While there is not, it had better wait there. */
  get mayWrite(): boolean {
    return this.#freeBytes === undefined || this.#freeBytes > this.#parts.unwritten();
  }

  /** May a block of `bytes` be kept? 'no-disk-space' when not: nobody's fault, and may be otherwise soon. */
  async room(bytes: number): Promise<Check> {
    const { reserve, clock } = this.#parts;
    this.#bytesSince += bytes;
    const late = clock.monotonicMs() - this.#lookedMs > 2 * LOOK_MS;
    if (late || this.#bytesSince >= Math.min(LOOK_BYTES, reserve / 8)) await this.look();
    return this.#paused === undefined ? PASSED : broken('no-disk-space', this.#paused);
  }

  /** Why so many bytes cannot be written at once, beside what waits and the reserve; for people. Undefined when they can. */
  async lackFor(bytes: number): Promise<string | undefined> {
    await this.look();
    const free = this.#freeBytes;
    const needed = this.#parts.reserve + this.#parts.unwritten() + bytes;
    if (free === undefined || free >= needed) return undefined;
    return `${megabytes(free)} MB are free on the disk, ${megabytes(needed)} MB would be needed`;
  }

  /** Looks now; joins a look under way. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { free, log, clock } = this.#parts;
    this.#bytesSince = 0;
    try {
      const { path, bytes } = await free();
      this.#blind = false;
      this.#freeBytes = bytes;
      this.#judge(path, bytes);
    } catch (error) {
      // A disk that cannot be asked is left to those who write to it.
      if (!this.#blind) log.warn({ err: error }, 'the free disk space is unknown');
      this.#blind = true;
      this.#freeBytes = undefined;
    }
    this.#lookedMs = clock.monotonicMs();
  }

  #judge(path: string, bytes: number): void {
    const { reserve, unwritten, log } = this.#parts;
    const was = this.#paused;
    const coming = unwritten();
    const least = reserve + coming;
    if (bytes >= (was === undefined ? least : least + reserve / RESUME_PART) || reserve === 0) {
      this.#paused = undefined;
      if (was === undefined) return;
      log.info({ path, freeMb: megabytes(bytes) }, 'disk space again: blocks are taken');
      this.events.emit('resumed', undefined);
      return;
    }
    const beside = coming < MB ? '' : ` and ${megabytes(coming)} MB wait to be written`;
    this.#paused =
      `disk space is low: ${megabytes(bytes)} MB free in ${path}, min_free_mb is ${megabytes(reserve)}${beside}. ` +
      'No blocks are taken or made until there is more';
    if (was !== undefined) return;
    log.warn(
      { path, freeMb: megabytes(bytes), minFreeMb: megabytes(reserve) },
      'disk space is low: no blocks are taken',
    );
    this.events.emit('paused', this.#paused);
  }
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / (MB / 10)) / 10;
}
