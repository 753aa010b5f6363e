import type { Kv } from '../util/ports.ts';
import type { BlockFs } from './blockFs.ts';
import { decodeStored } from './errors.ts';
import { decodeFileEnds, encodeFileEnds, type FileEnds } from './fileEndsCodec.ts';
import { forgetLostRecords } from './lostRecords.ts';
import { RecordFiles } from './recordFiles.ts';
import { FILE_ENDS_KEY, SYNCED_ENDS_KEY } from './schema.ts';

export interface OpenFilesParts {
  readonly kv: Kv;
  /** Folder of the database, for messages. */
  readonly path: string;
  readonly fs: BlockFs;
  /** First four bytes of every record. */
  readonly magic: Uint8Array;
  readonly maxFileBytes?: number;
}

export interface ChainFiles {
  readonly bodies: RecordFiles;
  readonly undo: RecordFiles;
}

/** Opens block and undo files as far as they are whole, and makes the headers name nothing that is not there. */
export async function openFiles(
  { kv, path, fs, magic, maxFileBytes }: OpenFilesParts,
  opened: (file: RecordFiles) => void,
): Promise<ChainFiles> {
  const [endsBytes, syncedBytes] = await kv.getMany([FILE_ENDS_KEY, SYNCED_ENDS_KEY]);
  const ends = endsBytes === undefined ? undefined : decodeStored(path, 'file ends', () => decodeFileEnds(endsBytes));
  const synced =
    syncedBytes === undefined ? ends : decodeStored(path, 'synced ends', () => decodeFileEnds(syncedBytes));
  const limit = maxFileBytes === undefined ? {} : { maxBytes: maxFileBytes };
  const bodies = await RecordFiles.open(fs, { prefix: 'blk', magic, ...limit }, ends?.bodies, synced?.bodies);
  opened(bodies);
  const undo = await RecordFiles.open(fs, { prefix: 'rev', magic, ...limit }, ends?.undo, synced?.undo);
  opened(undo);
  const found: FileEnds = { bodies: bodies.end, undo: undo.end };
  if (ends !== undefined && !sameEnds(ends, found)) {
    await forgetLostRecords(kv, path, found);
    await kv.batch([{ type: 'put', key: FILE_ENDS_KEY, value: encodeFileEnds(found) }], { sync: true });
  }
  return { bodies, undo };
}

function sameEnds(a: FileEnds, b: FileEnds): boolean {
  return (['bodies', 'undo'] as const).every((f) => a[f].file === b[f].file && a[f].offset === b[f].offset);
}
