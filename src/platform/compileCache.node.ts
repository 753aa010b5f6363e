import { existsSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled code, and TypeScript without its types, beside the dependencies, or in the temporary directory when that is
 * read-only. What is imported after this call profits, on this thread only: a worker thread calls it, too. It halves the
 * time to start either.
 */
export function useCompileCache(): void {
  const modules = join(import.meta.dirname, '..', '..', 'node_modules');
  module.enableCompileCache(join(existsSync(modules) ? modules : tmpdir(), '.cache', 'cairn-compile'));
}
