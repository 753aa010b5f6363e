import type { IndexEntry } from '../../chain/headerIndex.ts';
import type { FilePosition } from '../../chain/ports.ts';
import type { BlockFs } from '../../store/blockFs.ts';
import type { FileEnd } from '../../store/recordFiles.ts';
import { recordFileName, recordFileNumber } from '../../store/recordFrame.ts';
import { walkFrames } from '../../store/walkFrames.ts';
import { blockOf, type VerifyPorts } from './findings.ts';

export interface FilesToVerify extends VerifyPorts {
  readonly part: 'blocks' | 'undo';
  readonly fs: BlockFs;
  readonly prefix: string;
  readonly magic: Uint8Array;
  /** Committed end: bytes behind it are cut when a node opens them. Undefined: unknown, all of every file counts. */
  readonly end: FileEnd | undefined;
  /** Headers that name a record here, with its place; undefined: unknown, every record counts. */
  readonly owners: Iterable<readonly [IndexEntry, FilePosition]> | undefined;
  /** Told of every whole record that a header names. `payload` is good until the promise resolves. */
  readonly record: (entry: IndexEntry, payload: Uint8Array) => Promise<void>;
}

export interface FilesVerified {
  readonly records: number;
  /** Whole records that no header names: blocks of a header that was lost, or undo data of a connection made again. */
  readonly unnamed: number;
  /** Bytes behind the committed end. */
  readonly uncommitted: number;
  /** Damaged bytes that no header names: a rebuild of the index passed over them. */
  readonly dead: number;
}

/** One number for a place: files stay below 2^21, offsets below 2^32. */
const placeOf = (file: number, offset: number): number => file * 0x1_0000_0000 + offset;

interface Owner {
  readonly entry: IndexEntry;
  readonly at: FilePosition;
}

/** Walks all files of a kind from the first byte to the last, and names records that are damaged, missing or misplaced. */
export async function verifyFiles(options: FilesToVerify): Promise<FilesVerified> {
  const { fs, prefix, progress, stopped, part } = options;
  const owners = new Map<number, Owner>();
  for (const [entry, at] of options.owners ?? []) {
    const place = placeOf(at.file, at.offset);
    const other = owners.get(place);
    if (other !== undefined)
      tell(options, at, entry, `its position is that of block ${other.entry.height} (${other.entry.header.id}), too`);
    owners.set(place, { entry, at });
  }
  const result = { records: 0, unnamed: 0, uncommitted: 0, dead: 0 };
  const files = await filesOf(fs, prefix);
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [file, size] of files) {
    if (stopped()) return result;
    const end = endOf(file, size, options.end);
    result.uncommitted += size - Math.min(end, size);
    if (end > size) tellFile(options, file, size, `file ends at ${size}, the database knows ${end} bytes`);
    const handle = await fs.open(recordFileName(prefix, file), 'read');
    try {
      const form = { magic: options.magic, crc32: (parts: readonly Uint8Array[]) => fs.crc32(parts) };
      for await (const frame of walkFrames(handle, form, Math.min(end, size))) {
        if (stopped()) return result;
        const place = placeOf(file, frame.offset);
        const owner = owners.get(place);
        owners.delete(place);
        if ('fault' in frame && owner === undefined && options.owners !== undefined) result.dead += frame.length;
        else if ('fault' in frame) tellFile(options, file, frame.offset, `record ${frame.fault}`, owner?.entry);
        else if (owner === undefined) result.unnamed++;
        else if (owner.at.size !== frame.payload.length)
          tell(
            options,
            owner.at,
            owner.entry,
            `record has ${frame.payload.length} bytes, its header says ${owner.at.size}`,
          );
        else {
          result.records++;
          await options.record(owner.entry, frame.payload);
        }
        progress({ stage: part, done: before + frame.offset, total, unit: 'bytes' });
      }
    } finally {
      await handle.close();
    }
    before += size;
  }
  for (const { entry, at } of owners.values())
    tell(options, at, entry, files.has(at.file) ? 'no record begins where its header says' : 'file is missing');
  return result;
}

/** Sizes of the files by number, in order. */
export async function filesOf(fs: BlockFs, prefix: string): Promise<ReadonlyMap<number, number>> {
  const sizes: [number, number][] = [];
  for (const name of await fs.list()) {
    const file = recordFileNumber(prefix, name);
    if (file === undefined) continue;
    const handle = await fs.open(name, 'read');
    try {
      sizes.push([file, await handle.size()]);
    } finally {
      await handle.close();
    }
  }
  return new Map(sizes.sort(([a], [b]) => a - b));
}

function endOf(file: number, size: number, end: FileEnd | undefined): number {
  if (end === undefined || file < end.file) return size;
  return file === end.file ? end.offset : 0;
}

function tell(options: FilesToVerify, at: FilePosition, entry: IndexEntry, detail: string): void {
  tellFile(options, at.file, at.offset, detail, entry);
}

function tellFile(options: FilesToVerify, file: number, offset: number, detail: string, entry?: IndexEntry): void {
  const { part, fs, prefix, found } = options;
  found({ part, path: fs.path(recordFileName(prefix, file)), offset, block: blockOf(entry), detail });
}

/** The checksums of the records of both kinds, when nobody knows whose they are. Gives notes. */
export async function verifyFilesAlone(
  options: VerifyPorts & { readonly blocks: BlockFs | undefined; readonly network: { readonly magic: Uint8Array } },
): Promise<string[]> {
  const { blocks: fs, network, found, progress, stopped } = options;
  if (fs === undefined) return [];
  const notes: string[] = [];
  for (const [part, prefix] of [
    ['blocks', 'blk'],
    ['undo', 'rev'],
  ] as const) {
    const files = { ...{ part, fs, prefix, found, progress, stopped }, magic: network.magic };
    const { unnamed } = await verifyFiles({ ...files, end: undefined, owners: undefined, record: async () => {} });
    notes.push(`${unnamed} whole ${part === 'blocks' ? 'block' : 'undo'} records`);
  }
  return [...notes, 'the database is damaged: headers, coins and index were not compared with the blocks'];
}
