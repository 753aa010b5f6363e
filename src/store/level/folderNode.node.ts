import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toStoreError } from '../errors.ts';
import type { FolderReader } from './damage.ts';
import type { OpeningFolder } from './openingCheck.ts';

/** The real folder, read only: unlike openNodeBlockFs it makes nothing, not even the folder. */
export function nodeFolder(folder: string): FolderReader {
  return {
    path: (name) => join(folder, name),
    async list() {
      try {
        return await readdir(folder);
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ENOENT') return [];
        throw toStoreError(error, folder, 'listing');
      }
    },
    async read(name) {
      try {
        const { buffer, byteOffset, byteLength } = await readFile(join(folder, name));
        return new Uint8Array(buffer, byteOffset, byteLength);
      } catch (error) {
        throw toStoreError(error, join(folder, name), 'reading');
      }
    },
  };
}

/** The real folder, whose logs may be cut. */
export function openingFolder(folder: string): OpeningFolder {
  return {
    ...nodeFolder(folder),
    async cut(name, size) {
      try {
        const file = await open(join(folder, name), 'r+');
        try {
          await file.truncate(size);
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (error) {
        throw toStoreError(error, join(folder, name), 'cutting');
      }
    },
  };
}
