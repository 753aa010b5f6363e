import { compareBytes } from '../../util/bytes.ts';
import type { Pause } from '../../util/steps.ts';
import type { Damage, FolderReader } from './damage.ts';
import { verifyLiveTable } from './frozenKv.ts';
import { type LevelVersion, type LiveTable, readVersion } from './manifest.ts';
import { userKey } from './table.ts';

/** Tables never change: one that was good is not read again for so long. Bounds what many questions cost. */
const GOOD_FOR_MS = 10 * 60_000;
/** Readings of a manifest that LevelDB writes to meanwhile. */
const ATTEMPTS = 3;

export interface TablesInUseParts {
  readonly folder: FolderReader;
  readonly nowMs: () => number;
  /** Asked between two tables, each of which takes some milliseconds. */
  readonly pause: Pause;
}

/** Verifies tables of a database that LevelDB has open and goes on writing to. */
export class TablesInUse {
  readonly #parts: TablesInUseParts;
  /** By number of the table: when it was found good. */
  #good = new Map<number, number>();

  constructor(parts: TablesInUseParts) {
    this.#parts = parts;
  }

  /**
   * The first damage in the tables that may hold `key`, at most one per level above the first; in all without it. Ends early
   * when `isOver`.
   */
  async verify(key?: Uint8Array, isOver: () => boolean = () => false): Promise<Damage | undefined> {
    const { folder, nowMs, pause } = this.#parts;
    const version = await this.#version();
    if (!('tables' in version)) return version;
    const names = await folder.list();
    const numbers = new Set(version.tables.map((table) => table.number));
    const since = nowMs() - GOOD_FOR_MS;
    this.#good = new Map([...this.#good].filter(([number, at]) => numbers.has(number) && at > since));
    for (const table of version.tables) {
      if (this.#good.has(table.number) || (key !== undefined && !mayHold(table, key))) continue;
      await pause();
      if (isOver()) break;
      const damage = await this.#damageOf(table, names);
      if (damage !== undefined) return damage;
      this.#good.set(table.number, nowMs());
    }
    return undefined;
  }

  /** None when a compaction has replaced the table meanwhile: what it wrote is as good as what it read. */
  async #damageOf(table: LiveTable, names: readonly string[]): Promise<Damage | undefined> {
    let damage: Damage | undefined;
    let failure: unknown;
    try {
      [damage] = await verifyLiveTable(this.#parts.folder, names, table);
    } catch (error) {
      failure = error;
    }
    if (damage === undefined && failure === undefined) return undefined;
    const version = await this.#version();
    if ('tables' in version && !version.tables.some(({ number }) => number === table.number)) return undefined;
    if (failure !== undefined) throw failure;
    return damage;
  }

  async #version(): Promise<LevelVersion | Damage> {
    let damage: Damage[] = [];
    for (let i = 0; i < ATTEMPTS; i++) {
      damage = [];
      const version = await readVersion(this.#parts.folder, damage);
      if (version !== undefined && damage.length === 0) return version;
      await this.#parts.pause();
    }
    return damage[0] as Damage;
  }
}

function mayHold({ smallest, largest }: LiveTable, key: Uint8Array): boolean {
  return compareBytes(userKey(smallest), key) <= 0 && compareBytes(key, userKey(largest)) <= 0;
}
