import { EMPTY, equalBytes } from '../../util/bytes.ts';
import { DecodeError, decodeAll, Reader } from '../../util/codec.ts';
import { crc32c, unmaskCrc } from './crc32c.ts';
import { type Damage, damaged } from './damage.ts';
import { unpackSnappy } from './snappy.ts';
import { varint32, varint64 } from './varint.ts';

/** Two handles of at most 20 bytes each, padded, and the magic. */
const FOOTER = 48;
const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);
/** type u8 ‖ crc u32 (masked) behind every block */
const TRAILER = 5;

/** Where a block lies; `size` is without the trailer. */
interface Handle {
  readonly offset: number;
  readonly size: number;
}

interface IndexEntry {
  /** Last key of the block. */
  readonly last: Uint8Array;
  readonly handle: Handle;
}

interface BlockEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

class BlockDamage extends Error {
  readonly offset: number;

  constructor(offset: number, detail: string) {
    super(detail);
    this.offset = offset;
  }
}

/** A LevelDB table (.ldb, .sst) in memory: sorted entries in blocks, each with a checksum that LevelDB does not look at. */
export class LevelTable {
  readonly #bytes: Uint8Array;
  readonly #index: readonly IndexEntry[];
  readonly #path: string;

  private constructor(bytes: Uint8Array, index: readonly IndexEntry[], path: string) {
    this.#bytes = bytes;
    this.#index = index;
    this.#path = path;
  }

  /** Opens a table whose footer and index are good; otherwise what is wrong. */
  static open(bytes: Uint8Array, path: string): LevelTable | Damage {
    try {
      const { index } = readFooter(bytes);
      const entries = readBlock(bytes, index).map(({ key, value }) => ({ last: key, handle: handleOf(value, index) }));
      return new LevelTable(bytes, entries, path);
    } catch (error) {
      return damageOf(error, path);
    }
  }

  get blocks(): number {
    return this.#index.length;
  }

  /** First block that may hold keys ≥ `key` by `compare`; `blocks` when none does. */
  blockOf(key: Uint8Array, compare: (a: Uint8Array, b: Uint8Array) => number): number {
    let low = 0;
    let high = this.#index.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare((this.#index[middle] as IndexEntry).last, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The entries of a block. Throws StoreError 'corrupt' when it is damaged. */
  entries(block: number): readonly BlockEntry[] {
    const { handle } = this.#index[block] as IndexEntry;
    try {
      return readBlock(this.#bytes, handle);
    } catch (error) {
      throw damaged(damageOf(error, this.#path));
    }
  }
}

/** A table's keys carry eight bytes of sequence number and kind behind what was put. */
export function userKey(internal: Uint8Array): Uint8Array {
  return internal.subarray(0, Math.max(0, internal.length - 8));
}

/** Everything wrong with a table: every block's checksum and form, and that blocks and footer cover the whole file. */
export function verifyTable(bytes: Uint8Array, path: string): Damage[] {
  const found: Damage[] = [];
  let footer: { metaindex: Handle; index: Handle };
  try {
    footer = readFooter(bytes);
  } catch (error) {
    return [damageOf(error, path)];
  }
  const handles: Handle[] = [footer.metaindex, footer.index];
  const readable = (handle: Handle): readonly BlockEntry[] => {
    try {
      return readBlock(bytes, handle);
    } catch (error) {
      found.push(damageOf(error, path));
      return [];
    }
  };
  let after: Uint8Array = EMPTY;
  for (const { key, value } of readable(footer.index)) {
    const handle = handleOrDamage(value, footer.index, path, found);
    const before = found.length;
    if (handle !== undefined) {
      handles.push(handle);
      readable(handle);
    }
    const keys = { after: userKey(after), last: userKey(key) };
    for (let i = before; i < found.length; i++) found[i] = { ...(found[i] as Damage), keys };
    after = key;
  }
  for (const { value } of readable(footer.metaindex)) {
    const handle = handleOrDamage(value, footer.metaindex, path, found);
    if (handle === undefined) continue;
    handles.push(handle);
    // A filter block has a form of its own: the checksum is all there is to look at.
    try {
      rawBlock(bytes, handle);
    } catch (error) {
      found.push(damageOf(error, path));
    }
  }
  if (found.length === 0) {
    let at = 0;
    for (const { offset, size } of handles.sort((a, b) => a.offset - b.offset)) {
      if (offset !== at) found.push({ path, offset: at, detail: 'bytes between two blocks' });
      at = offset + size + TRAILER;
    }
    if (at !== bytes.length - FOOTER) found.push({ path, offset: at, detail: 'bytes before the footer' });
  }
  return found;
}

function damageOf(error: unknown, path: string): Damage {
  if (error instanceof BlockDamage) return { path, offset: error.offset, detail: error.message };
  throw error;
}

function handleOrDamage(value: Uint8Array, from: Handle, path: string, found: Damage[]): Handle | undefined {
  try {
    return handleOf(value, from);
  } catch (error) {
    found.push(damageOf(error, path));
    return undefined;
  }
}

function readHandle(r: Reader): Handle {
  return { offset: varint64(r, 'block offset'), size: varint64(r, 'block size') };
}

function handleOf(value: Uint8Array, from: Handle): Handle {
  return decoding(from.offset, () => decodeAll(value, readHandle, 'block handle'));
}

/** Runs `decode`; bytes that cannot be decoded are damage at `offset`. */
function decoding<T>(offset: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) throw new BlockDamage(offset, error.message);
    throw error;
  }
}

function readFooter(bytes: Uint8Array): { metaindex: Handle; index: Handle } {
  const at = bytes.length - FOOTER;
  if (at < 0) throw new BlockDamage(0, `table of ${bytes.length} bytes`);
  if (!equalBytes(bytes.subarray(at + 40), MAGIC)) throw new BlockDamage(at, 'table does not end as one');
  return decoding(at, () => {
    const r = new Reader(bytes.subarray(at, at + 40));
    const handles = { metaindex: readHandle(r), index: readHandle(r) };
    if (r.take(r.left).some((byte) => byte !== 0)) throw new DecodeError('footer is padded with something');
    return handles;
  });
}

/** A block with its checksum verified, unpacked. */
function rawBlock(bytes: Uint8Array, { offset, size }: Handle): Uint8Array {
  const end = offset + size;
  if (end + TRAILER > bytes.length - FOOTER) throw new BlockDamage(offset, 'block lies outside the table');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (unmaskCrc(view.getUint32(end + 1, true)) !== crc32c(bytes, offset, end + 1))
    throw new BlockDamage(offset, 'block has a wrong checksum');
  const type = bytes[end];
  const packed = bytes.subarray(offset, end);
  if (type === 0) return packed;
  if (type === 1) return decoding(offset, () => unpackSnappy(new Reader(packed)));
  throw new BlockDamage(offset, `block of unknown type ${type}`);
}

/** Entries: VARINT shared ‖ VARINT fresh ‖ VARINT value length ‖ rest of the key ‖ value; then restart points. */
function readBlock(bytes: Uint8Array, handle: Handle): BlockEntry[] {
  const block = rawBlock(bytes, handle);
  return decoding(handle.offset, () => {
    if (block.length < 4) throw new DecodeError('block too short');
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const restarts = view.getUint32(block.length - 4, true);
    const end = block.length - 4 - restarts * 4;
    if (end < 0) throw new DecodeError('block with too many restart points');
    const r = new Reader(block.subarray(0, end));
    const out: BlockEntry[] = [];
    let last: Uint8Array = EMPTY;
    while (r.left > 0) {
      const shared = varint32(r, 'shared key');
      const fresh = varint32(r, 'key');
      const size = varint32(r, 'value');
      if (shared > last.length) throw new DecodeError('block shares more of a key than there is');
      const tail = r.take(fresh, 'key');
      const key = new Uint8Array(shared + fresh);
      key.set(last.subarray(0, shared));
      key.set(tail, shared);
      out.push({ key, value: r.take(size, 'value') });
      last = key;
    }
    return out;
  });
}
