import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { BlockFile, BlockFs } from './blockFs.ts';
import { toStoreError } from './errors.ts';

async function guard<T>(path: string, doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toStoreError(error, path, doing);
  }
}

class NodeBlockFile implements BlockFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** writev may write less than asked (a nearly full disk): the rest is written until an error says why not. */
  async write(parts: readonly Uint8Array[], at: number): Promise<void> {
    let rest = parts.filter((part) => part.length > 0);
    let position = at;
    while (rest.length > 0) {
      const { bytesWritten } = await guard(this.#path, 'writing', this.#handle.writev(rest, position));
      position += bytesWritten;
      rest = dropFirst(rest, bytesWritten);
    }
  }

  async read(at: number, size: number): Promise<Uint8Array> {
    const out = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await guard(
        this.#path,
        'reading',
        this.#handle.read(out, filled, size - filled, at + filled),
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return out.subarray(0, filled);
  }

  async size(): Promise<number> {
    return (await guard(this.#path, 'looking at the file', this.#handle.stat())).size;
  }

  async truncate(size: number): Promise<void> {
    await guard(this.#path, 'truncating', this.#handle.truncate(size));
  }

  async sync(): Promise<void> {
    await guard(this.#path, 'syncing', this.#handle.datasync());
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function dropFirst(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length;
    else {
      out.push(part.subarray(skip));
      skip = 0;
    }
  }
  return out;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await guard(folder, 'opening the folder', open(folder, constants.O_RDONLY));
  try {
    await guard(folder, 'syncing the folder', handle.sync());
  } finally {
    await handle.close();
  }
}

/** The real folder; created with its parents when missing, and durably so: the database may name its files from then on. */
export async function openNodeBlockFs(folder: string): Promise<BlockFs> {
  const first = await guard(folder, 'creating the folder', mkdir(folder, { recursive: true }));
  if (first !== undefined) await syncFolder(dirname(first));
  return nodeBlockFs(folder);
}

/** The real folder as it is: nothing is made before a file is opened to be written. */
export function nodeBlockFs(folder: string): BlockFs {
  return {
    path: (name) => join(folder, name),
    list: () => guard(folder, 'listing', readdir(folder)),
    async open(name, mode) {
      const path = join(folder, name);
      const flags = mode === 'read' ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT;
      return new NodeBlockFile(await guard(path, 'opening', open(path, flags, 0o644)), path);
    },
    remove: (name) => guard(join(folder, name), 'removing', rm(join(folder, name), { force: true })),
    syncFolder: () => syncFolder(folder),
    crc32: (parts) => parts.reduce((crc, part) => crc32(part, crc), 0),
  };
}
