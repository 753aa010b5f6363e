import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Block, encodeBlock } from '../../../src/primitives/block.ts';

/** What a file of blocks holds. */
export interface Load {
  readonly blocks: number;
  readonly txs: number;
  /** Inputs with a signature: those of coinbases do not count. */
  readonly inputs: number;
  readonly bytes: number;
  /** Hash of its last block, as shown. */
  readonly tip: string;
}

/** magic and length. */
const HEAD = 8;

/** Writes blocks to a new file as Bitcoin's blk*.dat: the network's magic, the length in four bytes, the block. */
export function writeBlocks(path: string, magic: Uint8Array, made: Iterable<Block>): Load {
  const file = openSync(path, 'wx');
  let [blocks, txs, inputs, bytes, tip] = [0, 0, 0, 0, ''];
  for (const block of made) {
    const encoded = encodeBlock(block);
    const head = Buffer.alloc(HEAD);
    head.set(magic);
    head.writeUInt32LE(encoded.length, 4);
    writeSync(file, head);
    writeSync(file, encoded);
    tip = block.header.id;
    blocks++;
    txs += block.txs.length;
    inputs += block.txs.reduce((sum, tx) => sum + (tx.isCoinbase ? 0 : tx.inputs.length), 0);
    bytes += HEAD + encoded.length;
  }
  closeSync(file);
  return { blocks, txs, inputs, bytes, tip };
}

/** The blocks of a file that writeBlocks made, as views. */
export function* readBlocks(path: string): Generator<Uint8Array> {
  const all = readFileSync(path);
  for (let at = 0; at < all.length; ) {
    const start = at + HEAD;
    at = start + all.readUInt32LE(at + 4);
    yield new Uint8Array(all.buffer, all.byteOffset + start, at - start);
  }
}
