import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Beside LevelDB's own files, which leaves other names alone. */
const FILE = 'holder';
const MAX_LENGTH = 200;

/** "process 1234 (blocks import)": the command up to its first flag. */
function ourselves(): string {
  const words = process.argv.slice(2);
  const flag = words.findIndex((word) => word.startsWith('-'));
  const command = words.slice(0, flag < 0 ? 3 : Math.min(flag, 3)).join(' ');
  return `process ${process.pid}${command === '' ? '' : ` (${command.slice(0, 100)})`}`;
}

/** Writes down who holds the lock in `folder`; only for messages, so a disk that takes no file is no failure. */
export async function noteHolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, FILE);
  await writeFile(path, ourselves(), { mode: 0o600 }).catch(() => undefined);
  return () => rm(path, { force: true }).catch(() => undefined);
}

/** Who holds it, as noted; "another process" when nobody knows. The lock is held, so the note is of whoever holds it. */
export async function holderOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => '');
  return /^process \d+( \([\x20-\x7e]*\))?$/.test(text) && text.length <= MAX_LENGTH ? text : 'another process';
}
