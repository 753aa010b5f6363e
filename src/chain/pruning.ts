import type { Judge } from '../consensus/engine.ts';
import type { Candidates } from './candidates.ts';
import type { HeaderEntry } from './entry.ts';
import type { HeaderIndex, IndexEntry } from './headerIndex.ts';
import type { ChainStore, StoredHeader } from './ports.ts';
import { toStored } from './storedEntry.ts';
import type { TipMover } from './tipMover.ts';

/** Blocks below the tip that always stay: a reorganisation can go back so far (Bitcoin Core MIN_BLOCKS_TO_KEEP). */
export const KEEP_BLOCKS = 288;

export interface PruneGoal {
  /** Blocks above this height stay. */
  readonly upTo: number;
  /** Nothing more is deleted once the files take no more bytes than this; default 0. */
  readonly keepBytes?: number;
}

export interface Pruned {
  /** Files deleted, of both kinds, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

export interface PruningParts {
  readonly judge: Judge<unknown>;
  readonly store: ChainStore;
  readonly index: HeaderIndex;
  readonly candidates: Candidates;
  readonly mover: TipMover;
  /** Base of a snapshot whose past is not validated yet: until then every body is still needed. */
  readonly snapshotBase: () => HeaderEntry | undefined;
}

type Files = { readonly bodies: number[]; readonly undo: number[] };

/**
 * Deletes whole files of old blocks. Side effects, in order, and what a crash after each leaves:
 *   1. flush: the coins are those of the tip, so that no start needs the bodies that go;
 *   2. one commit per file: its headers lose their positions; the file is deleted at the next start;
 *   3. flush: no power cut brings positions back;
 *   4. files deleted.
 */
export class Pruning {
  readonly #parts: PruningParts;
  #floor: IndexEntry | undefined;

  constructor(parts: PruningParts) {
    this.#parts = parts;
  }

  /** The highest active block whose body or undo data are gone: the tip never goes back below it. */
  get floor(): IndexEntry | undefined {
    return this.#floor;
  }

  /** At start: what was pruned before, and files that a crash left undeleted. */
  async load(): Promise<void> {
    this.#refreshFloor();
    if (this.#floor === undefined) return;
    const { store, index } = this.#parts;
    const { bodies, undo } = store.fileSizes();
    const named = { bodies: new Set<number>(), undo: new Set<number>() };
    for (const entry of index.values()) {
      if (entry.body !== undefined) named.bodies.add(entry.body.file);
      if (entry.undo !== undefined) named.undo.add(entry.undo.file);
    }
    const files = {
      bodies: finished(bodies.keys()).filter((file) => !named.bodies.has(file)),
      undo: finished(undo.keys()).filter((file) => !named.undo.has(file)),
    };
    if (files.bodies.length + files.undo.length > 0) await store.removeFiles(files);
  }

  /**
   * Called in turn with everything that moves the tip. `belowFile`: files of bodies from this number on stay; they may hold
   * blocks that are not committed yet.
   */
  async run(goal: PruneGoal, belowFile: number): Promise<Pruned> {
    const { store, mover } = this.#parts;
    if (this.#parts.snapshotBase() !== undefined) return { files: 0, bytes: 0 };
    const highest = Math.min(goal.upTo, mover.tip.height - KEEP_BLOCKS);
    const sizes = store.fileSizes();
    let left = sumOf(sizes.bodies) + sumOf(sizes.undo);
    const before = left;
    const files: Files = { bodies: [], undo: [] };
    const owners = this.#ownersByFile();
    const undoOwners = this.#countUndo();
    const undoEnd = Math.max(...sizes.undo.keys());
    for (const file of finished(sizes.bodies.keys())) {
      if (left <= (goal.keepBytes ?? 0)) break;
      const entries = owners.get(file) ?? [];
      if (file >= belowFile || entries.some((entry) => entry.height > highest)) continue;
      if (files.bodies.length === 0) await store.flush();
      await this.#forget(entries, (undoFile) => {
        const count = (undoOwners.get(undoFile) ?? 0) - 1;
        undoOwners.set(undoFile, count);
        if (count > 0 || undoFile >= undoEnd) return;
        files.undo.push(undoFile);
        left -= sizes.undo.get(undoFile) ?? 0;
      });
      files.bodies.push(file);
      left -= sizes.bodies.get(file) ?? 0;
    }
    if (files.bodies.length === 0) return { files: 0, bytes: 0 };
    this.#refreshFloor();
    await store.flush();
    await store.removeFiles(files);
    return { files: files.bodies.length + files.undo.length, bytes: before - left };
  }

  /** The headers of a file lose their positions: disk first, then memory. */
  async #forget(entries: readonly IndexEntry[], undoGone: (file: number) => void): Promise<void> {
    const { judge, mover, candidates } = this.#parts;
    await mover.commit({ headers: entries.map((entry) => withoutRecords(entry, judge)) });
    const aside: IndexEntry[] = [];
    for (const entry of entries) {
      const { undo } = entry;
      entry.status = statusWithoutBody(entry);
      entry.body = undefined;
      entry.undo = undefined;
      if (undo !== undefined) undoGone(undo.file);
      if (!mover.isActive(entry)) aside.push(entry);
    }
    if (aside.length === 0) return;
    candidates.unlink(aside);
    candidates.rebuild(mover.tip);
  }

  #ownersByFile(): Map<number, IndexEntry[]> {
    const owners = new Map<number, IndexEntry[]>();
    for (const entry of this.#parts.index.values()) {
      if (entry.body === undefined) continue;
      const list = owners.get(entry.body.file);
      if (list === undefined) owners.set(entry.body.file, [entry]);
      else list.push(entry);
    }
    return owners;
  }

  #countUndo(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { undo } of this.#parts.index.values())
      if (undo !== undefined) counts.set(undo.file, (counts.get(undo.file) ?? 0) + 1);
    return counts;
  }

  #refreshFloor(): void {
    const { mover, candidates } = this.#parts;
    const base = this.#parts.snapshotBase();
    let at: IndexEntry | undefined = mover.tip;
    while (at?.parent !== undefined && at !== base && at.body !== undefined && at.undo !== undefined) at = at.parent;
    this.#floor = at !== undefined && at !== base && at.body === undefined ? at : undefined;
    candidates.setFloor('pruned', this.#floor);
  }
}

/** All but the last, which is being written, in order. */
function finished(files: Iterable<number>): number[] {
  return [...files].sort((a, b) => a - b).slice(0, -1);
}

function sumOf(sizes: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const size of sizes.values()) sum += size;
  return sum;
}

/** A block that was never connected is a header again; what is known of others stays known. */
function statusWithoutBody(entry: IndexEntry): IndexEntry['status'] {
  return entry.status === 'stored' ? 'header' : entry.status;
}

function withoutRecords(entry: IndexEntry, judge: Judge<unknown>): StoredHeader {
  const { body: _body, undo: _undo, ...rest } = toStored(entry, judge, { status: statusWithoutBody(entry) });
  return rest;
}
