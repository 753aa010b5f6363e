import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Folder of public test vectors: CAIRN_VECTORS, else shared/vectors beside the repository. */
export const VECTORS = resolve(ROOT, process.env.CAIRN_VECTORS ?? '../shared/vectors');

/** Path below the vectors folder. Where the folder is missing, says so and skips the running test. */
export function vectorPath(test: Mocha.Context, path: string): string {
  if (!existsSync(VECTORS)) {
    console.log(`      skipped: no test vectors in ${VECTORS} (set CAIRN_VECTORS)`);
    test.skip();
  }
  return join(VECTORS, path);
}

/** Bytes of a vector file; names ending in .gz are unpacked. Skips the running test where the folder is missing. */
export function vectorBytes(test: Mocha.Context, path: string): Uint8Array {
  const raw = readFileSync(vectorPath(test, path));
  return new Uint8Array(path.endsWith('.gz') ? gunzipSync(raw) : raw);
}

/** Text of a vector file. */
export function vectorText(test: Mocha.Context, path: string): string {
  return Buffer.from(vectorBytes(test, path)).toString('utf8');
}

/** Parsed JSON of a vector file. */
export function vectorJson<T>(test: Mocha.Context, path: string): T {
  return JSON.parse(vectorText(test, path)) as T;
}
