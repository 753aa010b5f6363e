import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export const SRC = join(import.meta.dirname, '..', '..', 'src');

export interface Import {
  /** As written: './x.ts', 'node:fs', 'level'. */
  readonly text: string;
  /** Path from src for relative imports: 'util/bytes.ts'. */
  readonly path: string | undefined;
  /** `import type`: leaves nothing behind when types are stripped. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** Path from src with forward slashes. */
  readonly path: string;
  /** First folder; '' for files of src itself. */
  readonly room: string;
  readonly text: string;
  /** `text` without comments and the insides of strings: what the rules about code look at. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const STATIC = /^\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

/** Text without comments; strings keep their quotes only. Line breaks stay. */
export function codeOnly(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (match) =>
    match.startsWith('/') ? match.replaceAll(/[^\n]/g, '') : match[0]!.repeat(2),
  );
}

/** Import and re-export statements of a file at `path` (from src). */
export function importsOf(path: string, text: string): Import[] {
  const uncommented = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/[^\n]*$/gm, '');
  const found: { text: string; typeOnly: boolean }[] = [];
  for (const match of uncommented.matchAll(STATIC)) found.push({ text: match[3]!, typeOnly: match[2] !== undefined });
  for (const match of uncommented.matchAll(DYNAMIC)) found.push({ text: match[1]!, typeOnly: false });
  return found.map(({ text: target, typeOnly }) => ({
    text: target,
    typeOnly,
    path: target.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), target)) : undefined,
  }));
}

/** Every TypeScript file below src. */
export function sources(): Source[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => {
      const path = file.slice(SRC.length + 1).replaceAll('\\', '/');
      const text = readFileSync(file, 'utf8');
      const room = dirname(path) === '.' ? '' : path.slice(0, path.indexOf('/'));
      return { path, room, text, code: codeOnly(text), imports: importsOf(path, text) };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
