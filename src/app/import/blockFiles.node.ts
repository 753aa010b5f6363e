import type { BlockFiles } from './importBlocks.ts';
import { type OpenBlockFile, openBlockFile } from './openBlockFile.node.ts';

/** Files open at the same time: blocks that wait for parents lie in the last few. */
const MAX_OPEN = 8;

/**
 * The block files of an import. All are looked at once, so that a wrong one is refused (ExitError 64) before anything is
 * done, and opened again when they are read.
 */
export async function openBlockFiles(
  paths: readonly string[],
  magic: Uint8Array,
): Promise<BlockFiles & { close(): Promise<void> }> {
  const sizes: number[] = [];
  for (const path of paths) {
    const { records, close } = await openBlockFile(path, magic);
    sizes.push(records.source.size);
    await close();
  }
  const opened = new Map<number, OpenBlockFile>();

  const get = async (file: number): Promise<OpenBlockFile> => {
    const found = opened.get(file) ?? (await openBlockFile(paths[file] as string, magic));
    opened.delete(file);
    opened.set(file, found);
    for (const [old, { close }] of opened) {
      if (opened.size <= MAX_OPEN) break;
      opened.delete(old);
      await close();
    }
    return found;
  };
  return {
    paths,
    sizes,
    async open(file) {
      await opened.get(file)?.close();
      opened.delete(file);
      return (await get(file)).records;
    },
    read: async (file, at, size) => (await get(file)).records.source.read(at, size),
    async close() {
      for (const { close } of opened.values()) await close();
      opened.clear();
    },
  };
}
