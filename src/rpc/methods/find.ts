import type { Block } from '../../primitives/block.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import { hashOf, intOf } from '../args.ts';
import type { Backend, BlocksBackend, HeaderInfo, HeadersBackend } from '../backend.ts';
import { invalidParameter, notFound, RPC, RpcError } from '../errors.ts';
import type { Json } from '../json.ts';
import { isActive } from '../present/header.ts';

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

/** A block of the active chain by hash or height, with Bitcoin Core's messages (ParseHashOrHeight). */
export function blockNamed(backend: Backend, name: Json | undefined): HeaderInfo {
  const { headers } = backend;
  if (typeof name === 'string') {
    const entry = entryOf(headers, hashOf(name, 'hash_or_height'));
    if (!isActive(headers, entry)) throw invalidParameter(`Block is not in chain ${backend.node.network.chain}`);
    return entry;
  }
  const height = intOf(name);
  if (height < 0) throw invalidParameter(`Target block height ${height} is negative`);
  const entry = headers.atHeight(height);
  if (entry === undefined)
    throw invalidParameter(`Target block height ${height} after current tip ${headers.tip().height}`);
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
