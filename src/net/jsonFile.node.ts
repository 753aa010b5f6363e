import { readFileSync, renameSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { SerialQueue } from '../util/queue.ts';

/**
 * A small JSON file that is replaced whole: written beside it, synced, renamed. Saves run one after another; of several
 * waiting saves only the newest is written.
 */
export class JsonFile {
  readonly path: string;
  readonly #queue = new SerialQueue();
  #latest = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** The parsed content; undefined when there is no file. A file that is no JSON is moved to `.bad` and counts as none. */
  read(): unknown {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return JSON.parse(text) as unknown;
    } catch {
      renameSync(this.path, `${this.path}.bad`);
      return undefined;
    }
  }

  /** Resolves when this content, or a newer one, is on disk. */
  save(content: unknown): Promise<void> {
    const turn = ++this.#latest;
    return this.#queue.run(async () => {
      if (turn !== this.#latest) return;
      const temporary = `${this.path}.tmp`;
      try {
        const file = await open(temporary, 'w', 0o600);
        try {
          await file.writeFile(`${JSON.stringify(content, undefined, 1)}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, this.path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }
}
