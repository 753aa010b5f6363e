import { MAX_BLOCK_SIZE } from '../../primitives/limits.ts';
import { type Broken, broken } from '../../primitives/rules.ts';
import { equalBytes } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import type { ByteSource } from './byteSource.ts';

/** A header and one transaction of ten bytes: no block is smaller. */
const MIN_BLOCK = 91;
const LENGTH_SIZE = 4;
/** Bytes looked through at once. */
const SCAN = 1 << 16;

/** How blocks follow each other in a file: magic ‖ length u32le ‖ block (Bitcoin's blk*.dat), or length u32le ‖ block. */
export type Framing = 'magic' | 'length';

/** Where one block lies in a file. */
export interface BlockRecord {
  /** Of the first byte of its frame. */
  readonly offset: number;
  /** Of the block. */
  readonly at: number;
  /** Bytes of the block. */
  readonly length: number;
}

/** A place where no record can be read. */
export interface BrokenRecord {
  readonly offset: number;
  readonly fault: Broken;
}

const u32le = (b: Uint8Array): number => new DataView(b.buffer, b.byteOffset, b.byteLength).getUint32(0, true);
/** Any other length is damage. */
const isLength = (n: number): boolean => n >= MIN_BLOCK && n <= MAX_BLOCK_SIZE;

/** Offset of the first place from `at` on that has the magic, undefined when there is none before `end`. */
export async function findMagic(
  source: ByteSource,
  magic: Uint8Array,
  at: number,
  end: number = source.size,
): Promise<number | undefined> {
  for (let from = at; from < end; from += SCAN) {
    const bytes = await source.read(from, SCAN + magic.length - 1);
    for (let i = bytes.indexOf(magic[0] as number); i >= 0; i = bytes.indexOf(magic[0] as number, i + 1))
      if (equalBytes(bytes.subarray(i, i + magic.length), magic)) return from + i;
  }
  return undefined;
}

/** Offset of the first byte from `at` on that is not zero; the size of the source when all are. */
async function skipZeros(source: ByteSource, at: number): Promise<number> {
  for (let from = at; from < source.size; from += SCAN) {
    const found = (await source.read(from, SCAN)).findIndex((byte) => byte !== 0);
    if (found >= 0) return from + found;
  }
  return source.size;
}

/** The framing that the first bytes show, undefined when they show none. */
export async function framingOf(source: ByteSource, magic: Uint8Array): Promise<Framing | undefined> {
  const first = await source.read(0, 4);
  if (first.length < 4) return undefined;
  if (equalBytes(first, magic)) return 'magic';
  const length = u32le(first);
  return isLength(length) && length + LENGTH_SIZE <= source.size ? 'length' : undefined;
}

/**
 * Walks the records of a file. Zeros between and behind records are room that was reserved and are passed over. Where a
 * record is damaged, a file with magics goes on at the next magic; a file of lengths has no such place and ends there.
 */
export class BlockRecords {
  readonly source: ByteSource;
  readonly framing: Framing;
  readonly #magic: Uint8Array;
  #at = 0;
  #ended = false;

  constructor(source: ByteSource, framing: Framing, magic: Uint8Array) {
    this.source = source;
    this.framing = framing;
    this.#magic = magic;
  }

  /** Where the next record is looked for. */
  get position(): number {
    return this.#at;
  }

  /** The next record or broken place; undefined at the end. */
  async next(): Promise<BlockRecord | BrokenRecord | undefined> {
    if (this.#ended) return undefined;
    const { source } = this;
    const head = this.framing === 'magic' ? this.#magic.length + LENGTH_SIZE : LENGTH_SIZE;
    const bytes = await source.read(this.#at, head);
    if (bytes.length === 0) return this.#end();
    const isZeros = this.framing === 'magic' ? bytes[0] === 0 && !this.#hasMagic(bytes) : bytes.every((b) => b === 0);
    if (isZeros) {
      const next = await skipZeros(source, this.#at);
      if (next >= source.size) return this.#end();
      // A magic or a length may begin with zeros itself.
      const own = this.framing === 'magic' ? this.#magic.findIndex((b) => b !== 0) : (next - this.#at) % LENGTH_SIZE;
      if (next - own > this.#at) {
        this.#at = next - own;
        return this.next();
      }
    }
    const offset = this.#at;
    if (bytes.length < head) return this.#broken(offset, `${bytes.length} bytes at the end are no record`);
    if (this.framing === 'magic' && !this.#hasMagic(bytes))
      return this.#broken(offset, `${toHex(bytes.subarray(0, 4))} instead of the magic ${toHex(this.#magic)}`);
    const length = u32le(bytes.subarray(head - LENGTH_SIZE));
    if (!isLength(length))
      return this.#broken(offset, `length ${length}, a block has ${MIN_BLOCK} to ${MAX_BLOCK_SIZE} bytes`);
    const at = offset + head;
    if (at + length > source.size)
      return this.#broken(offset, `cut off: a block of ${length} bytes, of which ${source.size - at} are there`);
    this.#at = at + length;
    return { offset, at, length };
  }

  /** The record just read holds no block: its length may be damaged, so the next magic is looked for inside it. */
  async reject(record: BlockRecord): Promise<void> {
    if (this.framing === 'magic') await this.#resync(record.offset + 1);
  }

  #hasMagic(bytes: Uint8Array): boolean {
    return equalBytes(bytes.subarray(0, this.#magic.length), this.#magic);
  }

  async #broken(offset: number, detail: string): Promise<BrokenRecord> {
    if (this.framing === 'magic') await this.#resync(offset + 1);
    else this.#end();
    return { offset, fault: broken('malformed', detail) };
  }

  async #resync(from: number): Promise<void> {
    const next = await findMagic(this.source, this.#magic, from);
    if (next === undefined) this.#end();
    else this.#at = next;
  }

  #end(): undefined {
    this.#ended = true;
    this.#at = this.source.size;
    return undefined;
  }
}
