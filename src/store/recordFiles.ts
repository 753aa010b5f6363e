import type { FilePosition } from '../chain/ports.ts';
import { assert } from '../util/assert.ts';
import { SerialQueue } from '../util/queue.ts';
import type { BlockFile, BlockFs } from './blockFs.ts';
import { corrupt } from './errors.ts';
import {
  FRAME,
  type FrameForm,
  frameAround,
  MAX_PAYLOAD,
  openFrame,
  recordFileName,
  recordFileNumber,
} from './recordFrame.ts';
import { walkFrames } from './walkFrames.ts';

/** 128 MiB, as Bitcoin Core: pruning deletes whole files, so they must be neither tiny nor huge. */
export const MAX_FILE_BYTES = 128 * 1024 * 1024;
/** Files open for reading at the same time. */
const MAX_READERS = 8;

/** Everything before this point is committed. */
export interface FileEnd {
  readonly file: number;
  readonly offset: number;
}

/**
 * A sequence of append-only files PREFIXnnnnn.dat of framed records (recordFrame.ts). A record's position is the offset of
 * its magic and the size of its payload.
 *
 * Appended bytes count only once the database holds an end behind them: opening cuts everything after the committed end,
 * so a torn or orphaned tail is never seen. Appends and syncs take their turns; reads may run at any moment.
 */
export class RecordFiles {
  readonly #fs: BlockFs;
  readonly #prefix: string;
  readonly #magic: Uint8Array;
  readonly #maxBytes: number;
  readonly #queue = new SerialQueue();
  readonly #readers = new Map<number, Promise<BlockFile>>();
  #writer: BlockFile | undefined;
  #end: FileEnd;
  /** Bytes by file; the one that is written is always there. */
  readonly #sizes: Map<number, number>;
  #dirty = false;
  #folderDirty = false;

  private constructor(
    fs: BlockFs,
    options: { readonly prefix: string; readonly magic: Uint8Array; readonly maxBytes?: number },
    end: FileEnd,
    sizes: Map<number, number>,
  ) {
    this.#fs = fs;
    this.#prefix = options.prefix;
    this.#magic = options.magic;
    this.#maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
    this.#end = end;
    this.#sizes = sizes.set(end.file, end.offset);
  }

  /**
   * Opens the files of `prefix` and cuts what lies behind `committed` (undefined: nothing is committed).
   * What lies behind `synced` may have been lost by a power cut: from there on records are read, and everything from the
   * first on that is not whole is cut too, so `end` may come before `committed` afterwards.
   * Throws StoreError 'corrupt' when synced bytes are missing.
   */
  static async open(
    fs: BlockFs,
    options: { readonly prefix: string; readonly magic: Uint8Array; readonly maxBytes?: number },
    committed: FileEnd | undefined,
    synced: FileEnd | undefined = committed,
  ): Promise<RecordFiles> {
    let end = committed ?? { file: 0, offset: 0 };
    // A file is synced before the next is begun: only the last can have lost something.
    const sure = synced === undefined || synced.file < end.file ? 0 : Math.min(synced.offset, end.offset);
    const form = { magic: options.magic, crc32: (parts: readonly Uint8Array[]) => fs.crc32(parts) };
    const sizes = new Map<number, number>();
    let found = false;
    for (const name of await fs.list()) {
      const number = recordFileNumber(options.prefix, name);
      if (number === undefined) continue;
      if (number > end.file) {
        await fs.remove(name);
        continue;
      }
      found ||= number === end.file;
      const file = await fs.open(name, number === end.file ? 'write' : 'read');
      try {
        const size = await file.size();
        if (number === end.file && size < sure)
          throw corrupt(fs.path(name), `file ends at ${size}, the database knows ${sure} bytes`);
        if (number === end.file && sure < end.offset)
          end = { file: number, offset: await wholeUntil(file, form, sure, Math.min(size, end.offset)) };
        if (number === end.file && size > end.offset) await file.truncate(end.offset);
        sizes.set(number, number === end.file ? end.offset : size);
      } finally {
        await file.close();
      }
    }
    if (!found && sure > 0) throw corrupt(fs.path(recordFileName(options.prefix, end.file)), 'file is missing');
    if (!found) end = { file: end.file, offset: 0 };
    return new RecordFiles(fs, options, end, sizes);
  }

  /** Where the next record goes; after sync(), everything before it is durable. */
  get end(): FileEnd {
    return this.#end;
  }

  /** Bytes in all files. */
  get totalBytes(): number {
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    return total;
  }

  /** Bytes by file. */
  get sizes(): ReadonlyMap<number, number> {
    return this.#sizes;
  }

  /** Deletes files whose records nobody needs any more; the one that is written stays. Durable when the promise resolves. */
  remove(files: readonly number[]): Promise<void> {
    return this.#queue.run(async () => {
      for (const file of files) {
        assert(file < this.#end.file, `file ${file} is being written`);
        const reader = this.#readers.get(file);
        this.#readers.delete(file);
        await (await reader)?.close();
        await this.#fs.remove(recordFileName(this.#prefix, file));
        this.#sizes.delete(file);
      }
      if (files.length > 0) await this.#fs.syncFolder();
    });
  }

  /** Appends one record. When it throws, nothing has moved: the next append writes over the same place. */
  append(payload: Uint8Array): Promise<FilePosition> {
    return this.#queue.run(() => this.#append(payload));
  }

  /** Makes all records appended so far durable, and returns the end behind them. */
  sync(): Promise<FileEnd> {
    return this.#queue.run(() => this.#sync());
  }

  async #append(payload: Uint8Array): Promise<FilePosition> {
    assert(payload.length <= MAX_PAYLOAD, `record of ${payload.length} bytes`);
    const frame = FRAME + payload.length;
    if (this.#end.offset > 0 && this.#end.offset + frame > this.#maxBytes) await this.#nextFile();
    if (this.#writer === undefined) {
      this.#folderDirty = true;
      this.#writer = await this.#fs.open(recordFileName(this.#prefix, this.#end.file), 'write');
    }
    const { file, offset } = this.#end;
    this.#dirty = true;
    const form = { magic: this.#magic, crc32: (parts: readonly Uint8Array[]) => this.#fs.crc32(parts) };
    await this.#writer.write(frameAround(payload, form), offset);
    this.#end = { file, offset: offset + frame };
    this.#sizes.set(file, offset + frame);
    return { file, offset, size: payload.length };
  }

  async #sync(): Promise<FileEnd> {
    if (this.#dirty && this.#writer !== undefined) await this.#writer.sync();
    this.#dirty = false;
    if (this.#folderDirty) await this.#fs.syncFolder();
    this.#folderDirty = false;
    return this.#end;
  }

  /** The payload at `at`. Throws StoreError 'corrupt', naming file and offset, when it is not what was written. */
  async read(at: FilePosition): Promise<Uint8Array> {
    const path = this.#fs.path(recordFileName(this.#prefix, at.file));
    const reader = await this.#reader(at.file);
    const frame = await reader.read(at.offset, FRAME + at.size);
    const payload = openFrame(frame, at.size, { magic: this.#magic, crc32: (parts) => this.#fs.crc32(parts) });
    if (!(payload instanceof Uint8Array)) throw corrupt(path, `record at offset ${at.offset} ${payload.fault}`);
    return payload;
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#writer?.close();
    this.#writer = undefined;
    const readers = [...this.#readers.values()];
    this.#readers.clear();
    for (const reader of readers) await (await reader).close();
  }

  /** The full file, and its name, are durable before it is left: sync() only knows the current one. */
  async #nextFile(): Promise<void> {
    await this.#sync();
    await this.#writer?.close();
    this.#writer = undefined;
    this.#end = { file: this.#end.file + 1, offset: 0 };
    this.#sizes.set(this.#end.file, 0);
  }

  async #reader(file: number): Promise<BlockFile> {
    let reader = this.#readers.get(file);
    this.#readers.delete(file);
    reader ??= this.#fs.open(recordFileName(this.#prefix, file), 'read');
    this.#readers.set(file, reader);
    if (this.#readers.size > MAX_READERS) {
      const [oldest, opened] = this.#readers.entries().next().value as [number, Promise<BlockFile>];
      this.#readers.delete(oldest);
      // A file handle's close waits for reads under way.
      void opened.then((f) => f.close()).catch(() => undefined);
    }
    try {
      return await reader;
    } catch (error) {
      this.#readers.delete(file);
      throw error;
    }
  }
}

/** Offset behind the last record in [from, to) before which all are whole. */
async function wholeUntil(file: BlockFile, form: FrameForm, from: number, to: number): Promise<number> {
  for await (const frame of walkFrames(file, form, to, from)) if (!('payload' in frame)) return frame.offset;
  return to;
}
