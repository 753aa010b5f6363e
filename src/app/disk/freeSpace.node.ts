import { statfs } from 'node:fs/promises';

/** Room for this process's files in a folder. */
export interface FreeSpace {
  readonly path: string;
  readonly bytes: number;
}

/** The scarcest of the file systems on which these folders lie; missing folders are passed over. Throws when none can be asked. */
export async function scarcest(folders: readonly string[]): Promise<FreeSpace> {
  let least: FreeSpace | undefined;
  let failure: unknown = new RangeError('no folder to look at');
  for (const path of folders) {
    try {
      // What is free to everybody: a reserve for the administrator is not ours.
      const { bavail, bsize } = await statfs(path);
      const bytes = bavail * bsize;
      if (least === undefined || bytes < least.bytes) least = { path, bytes };
    } catch (error) {
      failure = error;
    }
  }
  if (least === undefined) throw failure;
  return least;
}
