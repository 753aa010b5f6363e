import { crc32 } from 'node:zlib';
import type { BlockFile, BlockFs } from '../../src/store/blockFs.ts';
import { StoreError } from '../../src/store/errors.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';

/** What becomes of the write that the crash hits, and of file bytes that were written but not synced. */
export type CrashMode = 'nothing' | 'torn' | 'all';

/** Thrown by everything after the crash, as if the process were gone. */
export class Crash extends Error {}

/** Durable content, and content that only the page cache has. */
interface MemoryFile {
  synced: Uint8Array;
  current: Uint8Array;
  /** Its entry in the folder is durable. */
  entered: boolean;
}

/** A database batch in the log file it was written to. */
interface LoggedBatch {
  readonly ops: readonly KvOp[];
  readonly log: number;
  durable: boolean;
}

/** Batches in the n-th log file: some one, so that any two may lie in different ones. LevelDB's logs hold some megabytes. */
function batchesInLog(n: number): number {
  return 1 + ((n * 7) % 5);
}

/**
 * A disk in memory that can fail at the n-th write. Database batches are atomic; with `sync` false they survive a kill but
 * not a power cut. As in LevelDB a synced batch makes durable what is in the same log file before it; what is in the log
 * before that becomes durable when the next one is begun. File writes survive a power cut only when synced, new files only
 * when their folder was synced, too.
 */
export class MemoryDisk {
  readonly #files = new Map<string, MemoryFile>();
  #batches: LoggedBatch[] = [];
  #log = 0;
  /** Another one for every crash: another row of log lengths. */
  #phase = 0;
  #inLog = 0;
  #map = new MemoryKv();
  #writes = 0;
  #crashAt = Number.POSITIVE_INFINITY;
  #mode: CrashMode = 'nothing';
  #crashed = false;
  /** Thrown instead of a crash when set: the disk goes on working afterwards. */
  #failure: Error | undefined;

  /** Writes (of any kind) so far. */
  get writes(): number {
    return this.#writes;
  }

  /** The n-th write from now on (1 = the next) is the last. */
  crashAfter(n: number, mode: CrashMode): void {
    this.#crashAt = this.#writes + n;
    this.#mode = mode;
    this.#phase = n;
  }

  /** The n-th write from now on fails once with `error`. */
  failAfter(n: number, error: Error): void {
    this.crashAfter(n, 'nothing');
    this.#failure = error;
  }

  /**
   * The machine is back. After a kill the page cache is still there; after a power cut everything not synced is gone or,
   * given a `seed`, any part of it: of each log file and of each block file a beginning, of a block file maybe with a hole.
   */
  async restart(how: 'kill' | 'power cut', seed?: number): Promise<void> {
    this.#crashed = false;
    this.#crashAt = Number.POSITIVE_INFINITY;
    let state = (seed ?? 0) * 2654435761 + 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    if (how === 'kill') {
      for (const file of this.#files.values()) file.entered = true;
      for (const batch of this.#batches) batch.durable = true;
    } else {
      for (const [name, file] of this.#files) {
        if (seed === undefined) file.current = file.synced;
        else if (random(2) === 0) {
          const kept = file.synced.length + random(file.current.length - file.synced.length + 1);
          file.current = file.current.slice(0, kept);
          if (random(2) === 0) file.current.fill(0, file.synced.length + random(kept - file.synced.length + 1));
        }
        if (!file.entered && (seed === undefined || random(2) === 0)) this.#files.delete(name);
      }
      const cutLogs = new Set<number>();
      this.#batches = this.#batches.filter((batch) => {
        if (batch.durable) return true;
        if (seed === undefined || random(4) === 0) cutLogs.add(batch.log);
        return !cutLogs.has(batch.log);
      });
      for (const batch of this.#batches) batch.durable = true;
    }
    for (const file of this.#files.values()) {
      file.entered = true;
      file.synced = file.current.slice();
    }
    this.#map = new MemoryKv();
    for (const { ops } of this.#batches) await this.#map.batch(ops, { sync: true });
  }

  /** The same content on another disk. */
  async clone(): Promise<MemoryDisk> {
    const copy = new MemoryDisk();
    for (const [name, file] of this.#files)
      copy.#files.set(name, { ...file, synced: file.synced.slice(), current: file.current.slice() });
    copy.#batches = this.#batches.map((batch) => ({ ...batch }));
    copy.#log = this.#log;
    copy.#inLog = this.#inLog;
    for (const { ops } of this.#batches) await copy.#map.batch(ops, { sync: true });
    return copy;
  }

  /** Bytes of a file, to look at or to damage in place. */
  file(name: string): Uint8Array {
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`no file ${name}`);
    return file.current;
  }

  cutFile(name: string, size: number): void {
    const file = this.#files.get(name) as MemoryFile;
    file.current = file.current.slice(0, size);
    file.synced = file.current.slice();
  }

  get fileNames(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** True when the write happens in full; otherwise part of it may, then it throws. */
  #step(partly: () => void): void {
    if (this.#crashed) throw new Crash('the machine is off');
    this.#writes++;
    if (this.#writes < this.#crashAt) return;
    if (this.#failure !== undefined) {
      const error = this.#failure;
      this.#failure = undefined;
      this.#crashAt = Number.POSITIVE_INFINITY;
      throw error;
    }
    this.#crashed = true;
    if (this.#mode !== 'nothing') partly();
    throw new Crash('the machine stopped');
  }

  #makeDurable(which: (batch: LoggedBatch) => boolean): void {
    for (const batch of this.#batches) if (which(batch)) batch.durable = true;
  }

  /** The log before the one that ends is a table on disk by now. */
  #nextLog(): void {
    this.#makeDurable((batch) => batch.log < this.#log);
    this.#log++;
    this.#inLog = 0;
  }

  #alive(): void {
    if (this.#crashed) throw new Crash('the machine is off');
  }

  readonly kv: Kv = {
    get: async (key) => {
      this.#alive();
      return this.#map.get(key);
    },
    getMany: async (keys) => {
      this.#alive();
      return this.#map.getMany(keys);
    },
    iterate: (range) => {
      this.#alive();
      return this.#map.iterate(range);
    },
    batch: async (ops, options) => {
      const apply = (): void => {
        this.#batches.push({ ops: [...ops], log: this.#log, durable: false });
        // The log is sequential: syncing a batch makes all before it durable, but for the end of the log before.
        if (options.sync) this.#makeDurable((batch) => batch.log === this.#log);
        if (++this.#inLog >= batchesInLog(this.#log + this.#phase)) this.#nextLog();
      };
      // A torn batch is no batch (its log record fails the checksum); with 'all' only the answer was lost.
      this.#step(() => {
        if (this.#mode === 'all') apply();
      });
      apply();
      await this.#map.batch(ops, options);
    },
    settle: async () => {
      const apply = (): void => {
        this.#nextLog();
        this.#makeDurable(() => true);
      };
      this.#step(() => {
        if (this.#mode === 'all') apply();
      });
      apply();
    },
    close: async () => {},
  };

  readonly fs: BlockFs = {
    path: (name) => `memory/${name}`,
    list: async () => {
      this.#alive();
      return [...this.#files.keys()];
    },
    open: async (name, mode) => {
      this.#alive();
      let file = this.#files.get(name);
      if (file === undefined) {
        if (mode === 'read') throw new StoreError('io', `memory/${name}`, 'no such file', 'Test');
        file = { synced: new Uint8Array(0), current: new Uint8Array(0), entered: false };
        this.#files.set(name, file);
      }
      return this.#handle(file);
    },
    remove: async (name) => {
      this.#alive();
      this.#files.delete(name);
    },
    syncFolder: async () => {
      this.#alive();
      for (const file of this.#files.values()) file.entered = true;
    },
    crc32: (parts) => parts.reduce((crc, part) => crc32(part, crc), 0),
  };

  #handle(file: MemoryFile): BlockFile {
    const put = (bytes: Uint8Array, at: number): void => {
      const next = new Uint8Array(Math.max(file.current.length, at + bytes.length));
      next.set(file.current);
      next.set(bytes, at);
      file.current = next;
    };
    return {
      write: async (parts, at) => {
        const all = Uint8Array.from(parts.flatMap((part) => [...part]));
        this.#step(() => put(this.#mode === 'all' ? all : all.subarray(0, all.length >> 1), at));
        put(all, at);
      },
      read: async (at, size) => {
        this.#alive();
        return file.current.slice(at, at + size);
      },
      size: async () => file.current.length,
      truncate: async (size) => {
        this.#step(() => {});
        file.current = file.current.slice(0, size);
        file.synced = file.synced.slice(0, size);
      },
      sync: async () => {
        this.#step(() => {
          if (this.#mode === 'all') file.synced = file.current.slice();
        });
        file.synced = file.current.slice();
      },
      close: async () => {},
    };
  }
}
