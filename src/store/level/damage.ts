import { corrupt, type StoreError } from '../errors.ts';

/** Bytes that are not what was written. */
export interface Damage {
  /** File concerned. */
  readonly path: string;
  /** Where in it, when the place is known. */
  readonly offset: number | undefined;
  readonly detail: string;
  /** Keys of the database that stood there, where known: above `after`, up to `last`. */
  readonly keys?: { readonly after: Uint8Array; readonly last: Uint8Array };
}

/** Damage as the failure that it is. */
export function damaged({ path, offset, detail }: Pick<Damage, 'path' | 'detail'> & Partial<Damage>): StoreError {
  return corrupt(path, offset === undefined ? detail : `offset ${offset}: ${detail}`);
}

/** Read access to one folder: nothing is ever written. */
export interface FolderReader {
  /** Where the file is, for messages. */
  path(name: string): string;
  /** Names of the files, none when the folder does not exist. */
  list(): Promise<readonly string[]>;
  /** The whole file. Throws StoreError. */
  read(name: string): Promise<Uint8Array>;
}
