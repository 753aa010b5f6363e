import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HeaderEntry } from '../../chain/entry.ts';
import type { Block } from '../../primitives/block.ts';
import { encodeBlock } from '../../primitives/block.ts';
import { concatBytes } from '../../util/bytes.ts';
import { Writer } from '../../util/codec.ts';
import { EXIT, ExitError } from '../exit.ts';
import { fileError } from './inputFile.node.ts';

/** Written at once. */
const CHUNK = 1 << 20;

/** One block as it stands in a file: `magic` (left out when undefined), length u32le, Bitcoin's block bytes. */
function frame(block: Block, magic: Uint8Array | undefined): Uint8Array {
  const bytes = encodeBlock(block);
  const head = new Writer(8);
  if (magic !== undefined) head.put(magic);
  return concatBytes(head.u32(bytes.length).finish(), bytes);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

export interface ExportRequest {
  readonly out: string;
  readonly from: number;
  readonly to: number;
  readonly magic: Uint8Array | undefined;
  readonly atHeight: (height: number) => HeaderEntry | undefined;
  readonly readBlock: (entry: HeaderEntry) => Promise<Block | undefined>;
  /** Asked before, told after every block. */
  readonly stopped: () => boolean;
  readonly progress: (height: number, bytes: number) => void;
}

/**
 * Writes the active blocks `from` … `to` to a file, which appears under its name when it is complete and synced. Returns
 * the bytes written, undefined when asked to stop: then there is no file. Throws ExitError (1 when a body is missing).
 */
export async function exportBlocks(request: ExportRequest): Promise<number | undefined> {
  const { out, from, to, magic } = request;
  const draft = `${out}.${process.pid}.tmp`;
  let file: FileHandle;
  try {
    file = await open(draft, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new ExitError(EXIT.usage, `${dirname(out)}: no such folder`, { cause: error });
    throw fileError(out, 'writing', error);
  }
  let written = 0;
  let complete = false;
  try {
    let chunk: Uint8Array[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      await writeAll(file, concatBytes(...chunk));
      written += size;
      chunk = [];
      size = 0;
    };
    for (let height = from; height <= to; height++) {
      if (request.stopped()) return undefined;
      const entry = request.atHeight(height);
      const block = entry && (await request.readBlock(entry));
      if (block === undefined) throw new ExitError(EXIT.failure, `the block at height ${height} is not on this disk`);
      if (block.seal.length > 0)
        throw new ExitError(
          EXIT.config,
          `the block at height ${height} has a seal, for which these files have no place`,
        );
      const bytes = frame(block, magic);
      chunk.push(bytes);
      size += bytes.length;
      if (size >= CHUNK) await flush();
      request.progress(height, written + size);
    }
    await flush();
    await file.sync();
    await file.close();
    await rename(draft, out);
    complete = true;
    return written;
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw fileError(out, 'writing', error);
    throw error;
  } finally {
    if (!complete) {
      await file.close().catch(() => undefined);
      await rm(draft, { force: true });
    }
  }
}
