import type { FilePosition } from '../chain/ports.ts';
import { assert } from '../util/assert.ts';
import { equalBytes } from '../util/bytes.ts';
import type { BlockFile, BlockFs } from './blockFs.ts';
import { corrupt } from './errors.ts';

/** 128 MiB, as Bitcoin Core: pruning deletes whole files, so they must be neither tiny nor huge. */
export const MAX_FILE_BYTES = 128 * 1024 * 1024;
/** Largest payload: codec.ts' MAX_SIZE. A length above it in a frame is damage. */
const MAX_PAYLOAD = 0x02000000;
/** magic ‖ length */
const HEAD = 8;
/** checksum */
const TAIL = 4;
/** Files open for reading at the same time. */
const MAX_READERS = 8;

/** Everything before this point is committed. */
export interface FileEnd {
  readonly file: number;
  readonly offset: number;
}

function u32le(n: number): Uint8Array {
  return Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
}

function fromU32le(b: Uint8Array, at: number): number {
  return (
    ((b[at] as number) |
      ((b[at + 1] as number) << 8) |
      ((b[at + 2] as number) << 16) |
      ((b[at + 3] as number) << 24)) >>>
    0
  );
}

/**
 * A sequence of append-only files PREFIXnnnnn.dat. Frame of a record: network magic (4) ‖ payload length u32le ‖ payload ‖
 * CRC-32 of length and payload, u32le. A record's position is the offset of its magic and the size of its payload.
 *
 * Appended bytes count only once the database holds an end behind them: opening cuts everything after the committed end,
 * so a torn or orphaned tail is never seen. One appender at a time; reads may run at any moment.
 */
export class RecordFiles {
  readonly #fs: BlockFs;
  readonly #prefix: string;
  readonly #magic: Uint8Array;
  readonly #maxBytes: number;
  readonly #readers = new Map<number, Promise<BlockFile>>();
  #writer: BlockFile | undefined;
  #end: FileEnd;
  #total: number;
  #dirty = false;
  #folderDirty = false;

  private constructor(
    fs: BlockFs,
    options: { readonly prefix: string; readonly magic: Uint8Array; readonly maxBytes?: number },
    end: FileEnd,
    total: number,
  ) {
    this.#fs = fs;
    this.#prefix = options.prefix;
    this.#magic = options.magic;
    this.#maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
    this.#end = end;
    this.#total = total;
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
    const pattern = new RegExp(`^${options.prefix}(\\d{5,})\\.dat$`);
    let total = 0;
    let found = false;
    for (const name of await fs.list()) {
      const match = pattern.exec(name);
      if (match === null) continue;
      const number = Number(match[1]);
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
          end = { file: number, offset: await wholeUntil(fs, options.magic, file, sure, Math.min(size, end.offset)) };
        if (number === end.file && size > end.offset) await file.truncate(end.offset);
        total += number === end.file ? end.offset : size;
      } finally {
        await file.close();
      }
    }
    if (!found && sure > 0) throw corrupt(fs.path(nameOf(options.prefix, end.file)), 'file is missing');
    if (!found) end = { file: end.file, offset: 0 };
    return new RecordFiles(fs, options, end, total);
  }

  /** Where the next record goes; after sync(), everything before it is durable. */
  get end(): FileEnd {
    return this.#end;
  }

  /** Bytes in all files. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Appends one record. When it throws, nothing has moved: the next append writes over the same place. */
  async append(payload: Uint8Array): Promise<FilePosition> {
    assert(payload.length <= MAX_PAYLOAD, `record of ${payload.length} bytes`);
    const frame = HEAD + payload.length + TAIL;
    if (this.#end.offset > 0 && this.#end.offset + frame > this.#maxBytes) await this.#nextFile();
    if (this.#writer === undefined) {
      this.#folderDirty = true;
      this.#writer = await this.#fs.open(nameOf(this.#prefix, this.#end.file), 'write');
    }
    const { file, offset } = this.#end;
    const length = u32le(payload.length);
    this.#dirty = true;
    const crc = u32le(this.#fs.crc32([length, payload]));
    await this.#writer.write([this.#magic, length, payload, crc], offset);
    this.#end = { file, offset: offset + frame };
    this.#total += frame;
    return { file, offset, size: payload.length };
  }

  /** Makes all records durable that were appended before the call. One call at a time; appends may run meanwhile. */
  async sync(): Promise<void> {
    const { dirty, folderDirty } = { dirty: this.#dirty, folderDirty: this.#folderDirty };
    this.#dirty = false;
    this.#folderDirty = false;
    try {
      if (dirty) await this.#writer?.sync();
      if (folderDirty) await this.#fs.syncFolder();
    } catch (error) {
      this.#dirty ||= dirty;
      this.#folderDirty ||= folderDirty;
      throw error;
    }
  }

  /** The payload at `at`. Throws StoreError 'corrupt', naming file and offset, when it is not what was written. */
  async read(at: FilePosition): Promise<Uint8Array> {
    const path = this.#fs.path(nameOf(this.#prefix, at.file));
    const reader = await this.#reader(at.file);
    const frame = await reader.read(at.offset, HEAD + at.size + TAIL);
    const where = `record at offset ${at.offset}`;
    if (frame.length < HEAD + at.size + TAIL) throw corrupt(path, `${where} is cut off`);
    if (!equalBytes(frame.subarray(0, 4), this.#magic)) throw corrupt(path, `${where} has a wrong network magic`);
    if (fromU32le(frame, 4) !== at.size)
      throw corrupt(path, `${where} has length ${fromU32le(frame, 4)}, not ${at.size}`);
    const payload = frame.subarray(HEAD, HEAD + at.size);
    if (this.#fs.crc32([frame.subarray(4, HEAD), payload]) !== fromU32le(frame, HEAD + at.size))
      throw corrupt(path, `${where} has a wrong checksum`);
    return payload;
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
    const readers = [...this.#readers.values()];
    this.#readers.clear();
    for (const reader of readers) await (await reader).close();
  }

  /** The full file is synced before it is left: sync() only knows the current one. */
  async #nextFile(): Promise<void> {
    if (this.#dirty) await this.#writer?.sync();
    await this.#writer?.close();
    this.#writer = undefined;
    this.#end = { file: this.#end.file + 1, offset: 0 };
  }

  async #reader(file: number): Promise<BlockFile> {
    let reader = this.#readers.get(file);
    this.#readers.delete(file);
    reader ??= this.#fs.open(nameOf(this.#prefix, file), 'read');
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
async function wholeUntil(fs: BlockFs, magic: Uint8Array, file: BlockFile, from: number, to: number): Promise<number> {
  for (let at = from; ; ) {
    if (at + HEAD + TAIL > to) return at;
    const head = await file.read(at, HEAD);
    const size = fromU32le(head, 4);
    if (!equalBytes(head.subarray(0, 4), magic) || size > to - at - HEAD - TAIL) return at;
    const rest = await file.read(at + HEAD, size + TAIL);
    if (rest.length < size + TAIL) return at;
    if (fs.crc32([head.subarray(4), rest.subarray(0, size)]) !== fromU32le(rest, size)) return at;
    at += HEAD + size + TAIL;
  }
}

function nameOf(prefix: string, file: number): string {
  return `${prefix}${String(file).padStart(5, '0')}.dat`;
}
