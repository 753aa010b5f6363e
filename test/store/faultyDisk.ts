import type { BlockFile, BlockFs } from '../../src/store/blockFs.ts';
import type { Kv } from '../../src/util/ports.ts';

/**
 * What a write comes to, beside an error for whoever made it:
 *   refused: nothing, and the disk works again afterwards;
 *   torn: of a write to a file a beginning, of a batch nothing (its log record fails the checksum);
 *   answer lost: all of it;
 *   full: nothing, and so every write after it until `repair`: a disk without space;
 *   gone: as torn, and nothing works any more, reading neither: the process was killed there.
 */
export type Fault = 'refused' | 'torn' | 'answer lost' | 'full' | 'gone';

/** What a faulty write throws. */
export class DiskFault extends Error {
  override readonly name = 'DiskFault';
}

/**
 * Any database and any folder of files, real or in memory, whose n-th write goes wrong. A write is a batch, a settling of
 * batches, a write to, a truncation or a sync of a file, the removal of one or a sync of the folder.
 */
export class FaultyDisk {
  readonly kv: Kv;
  readonly fs: BlockFs;
  readonly #baseFs: BlockFs;
  #writes = 0;
  #faultAt = Number.POSITIVE_INFINITY;
  #fault: Fault = 'refused';
  #lasting: 'full' | 'gone' | undefined;

  constructor(kv: Kv, fs: BlockFs) {
    this.#baseFs = fs;
    this.kv = {
      get: (key) => this.#reading(() => kv.get(key)),
      getMany: (keys) => this.#reading(() => kv.getMany(keys)),
      iterate: (range) => {
        this.#alive();
        return kv.iterate(range);
      },
      batch: (ops, options) => this.#writing(() => kv.batch(ops, options)),
      settle: () => this.#writing(() => kv.settle()),
      close: () => kv.close(),
    };
    this.fs = {
      path: (name) => fs.path(name),
      list: () => this.#reading(() => fs.list()),
      open: (name, mode) => this.#reading(async () => this.#file(await fs.open(name, mode))),
      remove: (name) => this.#writing(() => fs.remove(name)),
      syncFolder: () => this.#writing(() => fs.syncFolder()),
      crc32: (parts) => this.#baseFs.crc32(parts),
    };
  }

  /** Writes so far, faulty ones among them. */
  get writes(): number {
    return this.#writes;
  }

  /** The n-th write from now on (1 = the next) goes wrong. */
  failAt(n: number, fault: Fault): void {
    this.#faultAt = this.#writes + n;
    this.#fault = fault;
  }

  /** True once the write has gone wrong. */
  get failed(): boolean {
    return this.#writes >= this.#faultAt;
  }

  /** Space again. What is gone stays gone: open the disk below anew. */
  repair(): void {
    if (this.#lasting === 'full') this.#lasting = undefined;
    this.#faultAt = Number.POSITIVE_INFINITY;
  }

  #alive(): void {
    if (this.#lasting === 'gone') throw new DiskFault('the process is gone');
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#alive();
    return await read();
  }

  async #writing(whole: () => Promise<void>, part: () => Promise<void> = async () => {}): Promise<void> {
    this.#alive();
    this.#writes++;
    if (this.#lasting === 'full') throw new DiskFault('no space left on device');
    if (this.#writes !== this.#faultAt) return await whole();
    if (this.#fault === 'full' || this.#fault === 'gone') this.#lasting = this.#fault;
    if (this.#fault === 'answer lost') await whole();
    if (this.#fault === 'torn' || this.#fault === 'gone') await part();
    throw new DiskFault(`write ${this.#writes}: ${this.#fault}`);
  }

  #file(file: BlockFile): BlockFile {
    return {
      write: (parts, at) => {
        const all = Buffer.concat(parts);
        // Never the same share: sometimes the head is cut, sometimes only the checksum.
        const kept = (this.#writes * 7919) % all.length;
        return this.#writing(
          () => file.write(parts, at),
          () => file.write([all.subarray(0, kept)], at),
        );
      },
      read: (at, size) => this.#reading(() => file.read(at, size)),
      size: () => this.#reading(() => file.size()),
      truncate: (size) => this.#writing(() => file.truncate(size)),
      sync: () => this.#writing(() => file.sync()),
      close: () => file.close(),
    };
  }
}
