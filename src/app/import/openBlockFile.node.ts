import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex } from '../../util/hex.ts';
import { EXIT, ExitError } from '../exit.ts';
import { BlockRecords, findMagic, framingOf } from './blockRecords.ts';
import { type ByteSource, deobfuscated, XOR_KEY_SIZE } from './byteSource.ts';
import { fileError, InputFile } from './inputFile.node.ts';

/** How far the first record is looked for when the file does not start with one. */
const SEARCH = 1 << 24;

/** The key in xor.dat beside `path`, undefined when there is none or it changes nothing. */
async function xorKey(path: string): Promise<Uint8Array | undefined> {
  const file = join(dirname(path), 'xor.dat');
  let key: Uint8Array;
  try {
    key = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(file, 'reading', error);
  }
  if (key.length !== XOR_KEY_SIZE)
    throw new ExitError(EXIT.usage, `${file} has ${key.length} bytes, the key of block files has ${XOR_KEY_SIZE}`);
  return key.every((byte) => byte === 0) ? undefined : key;
}

/** A block file under way. */
export interface OpenBlockFile {
  readonly records: BlockRecords;
  close(): Promise<void>;
}

/**
 * Opens a file of blocks: obfuscated or not, with magics or with lengths only, whichever its bytes show. `magic`: the
 * network's. Throws ExitError (64) when it holds no block of this network.
 */
export async function openBlockFile(path: string, magic: Uint8Array): Promise<OpenBlockFile> {
  const file = await InputFile.open(path);
  try {
    const key = await xorKey(path);
    const sources: ByteSource[] = key === undefined ? [file] : [deobfuscated(file, key), file];
    const opened = (source: ByteSource, framing: 'magic' | 'length'): OpenBlockFile => ({
      records: new BlockRecords(source, framing, magic),
      close: () => file.close(),
    });
    for (const source of sources) {
      const framing = await framingOf(source, magic);
      if (framing !== undefined) return opened(source, framing);
    }
    for (const source of sources)
      if ((await findMagic(source, magic, 0, SEARCH)) !== undefined) return opened(source, 'magic');
    const first = await file.read(0, 4);
    if ((await file.read(0, SEARCH)).every((byte) => byte === 0)) return opened(file, 'magic');
    throw new ExitError(
      EXIT.usage,
      `${path} holds no block of this network: it starts with ${toHex(first)}, not with the magic ${toHex(magic)} or a block's length`,
      { next: 'give the network of the file with --network, and xor.dat beside it if it is obfuscated' },
    );
  } catch (error) {
    await file.close();
    throw error;
  }
}
