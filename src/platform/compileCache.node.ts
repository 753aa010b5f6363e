import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled code, and TypeScript without its types, beside the dependencies, or in the home directory when that is
 * read-only; where neither can be written there is none. Never in a folder that others may fill: cached code is run. What is
 * imported after this call profits, on this thread only: a worker thread calls it, too. It halves the time to start either.
 * `home` gives the home directory, or throws when there is none: a user without an entry of its own, as containers may have.
 */
export function useCompileCache(home: () => string = homedir): void {
  const modules = join(import.meta.dirname, '..', '..', 'node_modules');
  if (existsSync(modules) && isCache(join(modules, '.cache', 'cairn-compile'))) return;
  try {
    isCache(join(home(), '.cache', 'cairn-compile'));
  } catch {
    // Slower, nothing else.
  }
}

/** False when the cache cannot be kept there. */
function isCache(place: string): boolean {
  return module.enableCompileCache(place).status !== module.constants.compileCacheStatus.FAILED;
}
