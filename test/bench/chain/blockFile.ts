import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Block, encodeSealedBlock } from '../../../src/primitives/block.ts';

/** What a file of blocks holds. */
export interface Load {
  readonly blocks: number;
  readonly txs: number;
  /** Inputs with a signature: those of coinbases do not count. */
  readonly inputs: number;
  readonly bytes: number;
}

/** Writes blocks to a new file, each as its length in four bytes and its sealed-block bytes. */
export function writeBlocks(path: string, made: Iterable<Block>): Load {
  const file = openSync(path, 'wx');
  let [blocks, txs, inputs, bytes] = [0, 0, 0, 0];
  for (const block of made) {
    const encoded = encodeSealedBlock(block);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(encoded.length);
    writeSync(file, length);
    writeSync(file, encoded);
    blocks++;
    txs += block.txs.length;
    inputs += block.txs.reduce((sum, tx) => sum + (tx.isCoinbase ? 0 : tx.inputs.length), 0);
    bytes += encoded.length;
  }
  closeSync(file);
  return { blocks, txs, inputs, bytes };
}

/** The blocks of a file that writeBlocks made, as views. */
export function* readBlocks(path: string): Generator<Uint8Array> {
  const all = readFileSync(path);
  for (let at = 0; at < all.length; ) {
    const end = at + 4 + all.readUInt32LE(at);
    yield new Uint8Array(all.buffer, all.byteOffset + at + 4, end - at - 4);
    at = end;
  }
}
