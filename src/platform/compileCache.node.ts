import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled code, and TypeScript without its types, beside the dependencies, or in the home directory when that is
 * read-only; where neither can be written there is none. Never in a folder that others may fill: cached code is run. What is
 * imported after this call profits, on this thread only: a worker thread calls it, too. It halves the time to start either.
 */
export function useCompileCache(): void {
  const modules = join(import.meta.dirname, '..', '..', 'node_modules');
  const places = [join(homedir(), '.cache', 'cairn-compile')];
  if (existsSync(modules)) places.unshift(join(modules, '.cache', 'cairn-compile'));
  const { FAILED } = module.constants.compileCacheStatus;
  places.find((place) => module.enableCompileCache(place).status !== FAILED);
}
