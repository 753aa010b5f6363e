import {
  type Block,
  decodeSealedBlock,
  decodingBlock,
  decodingSealedBlock,
  encodeBlock,
} from '../../primitives/block.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import { MAX_SEAL, writeHeader } from '../../primitives/header.ts';
import { MAX_BLOCK_SIZE } from '../../primitives/limits.ts';
import { DecodeError, decodeAll } from '../../util/codec.ts';
import { runSteps, type Steps } from '../../util/steps.ts';
import { written } from './fields.ts';

const FLAG_STRIPPED = 1;
const FLAG_SEAL = 2;

/** The largest block with the largest seal and its length. */
export const MAX_BLOCK_ANSWER = MAX_BLOCK_SIZE + MAX_SEAL + 5;

export interface BlockRequest {
  readonly hash: Hash256;
  /** Without witnesses. */
  readonly stripped: boolean;
  /** Cairn's sealed form; otherwise Bitcoin's bytes. */
  readonly seal: boolean;
}

/** `hash32, flags u8 (1 = stripped, 2 = with seal)` (protocol A.3, type 06). */
export function encodeBlockRequest(request: BlockRequest): Uint8Array {
  return written(33, (w) => {
    w.put(request.hash).u8((request.stripped ? FLAG_STRIPPED : 0) | (request.seal ? FLAG_SEAL : 0));
  });
}

/** Throws DecodeError. */
export function decodeBlockRequest(bytes: Uint8Array): BlockRequest {
  return decodeAll(
    bytes,
    (r) => {
      const hash = r.take(32, 'block hash').slice();
      const flags = r.u8('flags');
      if ((flags & ~(FLAG_STRIPPED | FLAG_SEAL)) !== 0) throw new DecodeError(`BLOCK: unknown flags ${flags}`);
      return { hash, stripped: (flags & FLAG_STRIPPED) !== 0, seal: (flags & FLAG_SEAL) !== 0 };
    },
    'BLOCK request',
  );
}

/** The answer in the form the request asks for, from the stored sealed bytes. */
export function blockAnswer(request: BlockRequest, sealedBytes: Uint8Array): Uint8Array {
  if (request.seal && !request.stripped) return sealedBytes;
  const block = decodeSealedBlock(sealedBytes);
  return request.stripped ? encodeStripped(block, request.seal) : encodeBlock(block);
}

function encodeStripped(block: Block, seal: boolean): Uint8Array {
  return written(block.strippedSize + block.seal.length + 5, (w) => {
    writeHeader(w, block.header);
    if (seal) w.varBytes(block.seal);
    w.compactSize(block.txs.length);
    for (const tx of block.txs) w.put(tx.strippedBytes);
  });
}

/** Decodes an answer to a request with this `seal`. Whether the body belongs to the header is for the chain to judge. Throws DecodeError. */
export function decodeBlockAnswer(bytes: Uint8Array, seal: boolean): Block {
  return runSteps(decodingBlockAnswer(bytes, seal));
}

/** decodeBlockAnswer in steps. */
export function* decodingBlockAnswer(bytes: Uint8Array, seal: boolean): Steps<Block> {
  if (bytes.length > MAX_BLOCK_ANSWER) throw new DecodeError(`BLOCK: ${bytes.length} bytes`);
  return yield* seal ? decodingSealedBlock(bytes) : decodingBlock(bytes);
}
