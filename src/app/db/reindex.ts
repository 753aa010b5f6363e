import { IndexBuilder } from '../../chain/indexBuilder.ts';
import type { FilePosition, HeaderStore } from '../../chain/ports.ts';
import type { Judge } from '../../consensus/engine.ts';
import type { Network } from '../../params/network.ts';
import { type Block, decodeSealedBlock } from '../../primitives/block.ts';
import { hashKey } from '../../primitives/hash.ts';
import type { BlockFs } from '../../store/blockFs.ts';
import type { FileEnd } from '../../store/recordFiles.ts';
import { FRAME, recordFileName } from '../../store/recordFrame.ts';
import { walkFrames } from '../../store/walkFrames.ts';
import { DecodeError } from '../../util/codec.ts';
import { RecordReader } from './recordReader.ts';
import { filesOf } from './verifyFiles.ts';

export interface ReindexParts {
  readonly network: Network;
  readonly judge: Judge<unknown>;
  readonly store: HeaderStore;
  readonly fs: BlockFs;
  readonly nowMs: number;
  /** Ends it with an error. */
  readonly stop?: AbortSignal | undefined;
  /** Told of bytes read, of all. */
  readonly progress: (done: number, total: number) => void;
  /** A record that is not taken: its block will be downloaded again. */
  readonly skipped: (path: string, offset: number, reason: string) => void;
}

export interface Reindexed {
  /** Blocks placed, headers included whose bodies were placed by an earlier, interrupted run. */
  readonly blocks: number;
  /** Whole records whose parents are in no file. */
  readonly orphans: number;
  /** Where the last whole record ends: bytes behind it are a damaged tail. */
  readonly end: FileEnd;
}

/** Makes the index of blocks anew from the block files, in whatever order they lie there. */
export async function reindexBlocks(parts: ReindexParts): Promise<Reindexed> {
  const { network, fs, progress, skipped, stop } = parts;
  const builder = await IndexBuilder.open(parts);
  const bodies = new RecordReader(fs, 'blk', network.magic);
  const waiting = new Map<string, FilePosition[]>();
  const form = { magic: network.magic, crc32: (all: readonly Uint8Array[]) => fs.crc32(all) };
  let end: FileEnd = { file: 0, offset: 0 };
  let orphans = 0;

  const blockAt = async (at: FilePosition): Promise<Block | undefined> => {
    const payload = await bodies.read(at);
    return payload instanceof Uint8Array ? decodeSealedBlock(payload) : undefined;
  };
  const place = async (block: Block, at: FilePosition): Promise<boolean> => {
    const verdict = await builder.add(block, at);
    if (!verdict.ok)
      skipped(bodies.path(at), at.offset, `block ${block.header.id}: ${verdict.rule}: ${verdict.detail}`);
    return verdict.ok;
  };
  /** Blocks that waited for `parent`, and those that waited for them. */
  const release = async (parent: string): Promise<void> => {
    const ready = [parent];
    for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
      const places = waiting.get(key) ?? [];
      waiting.delete(key);
      for (const at of places) {
        stop?.throwIfAborted();
        orphans--;
        const block = await blockAt(at);
        if (block !== undefined && (await place(block, at))) ready.push(block.header.key);
      }
    }
  };
  const meet = async (payload: Uint8Array, at: FilePosition): Promise<void> => {
    let block: Block;
    try {
      block = decodeSealedBlock(payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      skipped(bodies.path(at), at.offset, error.message);
      return;
    }
    if (builder.has(block)) return;
    if (builder.canAdd(block)) {
      if (await place(block, at)) await release(block.header.key);
      return;
    }
    const key = hashKey(block.header.prevHash);
    waiting.set(key, [...(waiting.get(key) ?? []), at]);
    orphans++;
  };

  try {
    const found = await filesOf(fs, 'blk');
    // A chain that was pruned: nothing connects.
    const files = found.has(0) ? found : new Map<number, number>();
    const total = [...files.values()].reduce((sum, size) => sum + size, 0);
    let before = 0;
    for (const [file, size] of files) {
      const handle = await fs.open(recordFileName('blk', file), 'read');
      try {
        for await (const frame of walkFrames(handle, form, size)) {
          stop?.throwIfAborted();
          if ('fault' in frame) {
            skipped(fs.path(recordFileName('blk', file)), frame.offset, `record ${frame.fault}`);
          } else {
            const at = { file, offset: frame.offset, size: frame.payload.length };
            end = { file, offset: frame.offset + FRAME + at.size };
            await meet(frame.payload, at);
          }
          progress(before + frame.offset, total);
        }
      } finally {
        await handle.close();
      }
      before += size;
      // An empty or wholly damaged last file: records go on in it from its start.
      if (end.file < file) end = { file, offset: 0 };
    }
    await builder.flush();
  } finally {
    await bodies.close();
  }
  return { blocks: builder.size, orphans, end };
}
