import type { Block } from '../../primitives/block.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import type { BlocksBackend, HeaderInfo, HeadersBackend } from '../backend.ts';
import { invalidParameter, notFound, RPC, RpcError } from '../errors.ts';

/** The header entry of a hash. -5 "Block not found". */
export function entryOf(headers: HeadersBackend, hash: Hash256, message = 'Block not found'): HeaderInfo {
  const entry = headers.entry(hash);
  if (entry === undefined) throw notFound(message);
  return entry;
}

/** The entry of the active chain at a height. -8 "Block height out of range". */
export function entryAt(headers: HeadersBackend, height: number): HeaderInfo {
  const entry = height < 0 ? undefined : headers.atHeight(height);
  if (entry === undefined) throw invalidParameter('Block height out of range');
  return entry;
}

/** The body of an entry. -1 "Block not available" when it was pruned or never came. */
export async function bodyOf(blocks: BlocksBackend, entry: HeaderInfo): Promise<Block> {
  const block = entry.hasBody ? await blocks.readBlock(entry.header.hash) : undefined;
  if (block === undefined) {
    const pruned = entry.status === 'valid' && !entry.hasBody;
    throw new RpcError(
      RPC.MISC_ERROR,
      pruned ? 'Block not available (pruned data)' : 'Block not available (not fully downloaded)',
    );
  }
  return block;
}
