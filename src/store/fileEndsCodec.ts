import { readVarint, writeVarint } from '../primitives/varint.ts';
import { decodeAll, Writer } from '../util/codec.ts';
import type { FileEnd } from './recordFiles.ts';

export interface FileEnds {
  readonly bodies: FileEnd;
  readonly undo: FileEnd;
}

/** VARINT file ‖ VARINT offset of the block files, then of the undo files. */
export function encodeFileEnds(ends: FileEnds): Uint8Array {
  const w = new Writer(16);
  for (const end of [ends.bodies, ends.undo]) {
    writeVarint(w, end.file);
    writeVarint(w, end.offset);
  }
  return w.finish();
}

/** Throws DecodeError. */
export function decodeFileEnds(bytes: Uint8Array): FileEnds {
  return decodeAll(
    bytes,
    (r) => ({
      bodies: { file: readVarint(r), offset: readVarint(r) },
      undo: { file: readVarint(r), offset: readVarint(r) },
    }),
    'file ends',
  );
}
