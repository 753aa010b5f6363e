import { type FileHandle, open } from 'node:fs/promises';
import { EXIT, ExitError } from '../exit.ts';
import type { ByteSource } from './byteSource.ts';

/** Read at once: small records cost one system call per window, not one each. */
const WINDOW = 1 << 20;

/** The ExitError of a file that cannot be read: 64 when there is none of that name, 74 for trouble with the disk. */
export function fileError(path: string, doing: string, error: unknown): ExitError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new ExitError(EXIT.usage, `${path}: no such file`, { cause: error });
  if (code === 'EISDIR') return new ExitError(EXIT.usage, `${path} is a folder, not a file`, { cause: error });
  return new ExitError(EXIT.disk, `${doing} ${path} failed: ${message}`, { cause: error });
}

/** A file to read from at any offset; opened when first read, opened again after close(). */
export class InputFile implements ByteSource {
  readonly path: string;
  /** Bytes it had when it was looked at first. */
  readonly size: number;
  #handle: FileHandle | undefined;
  readonly #window = new Uint8Array(WINDOW);
  #windowAt = 0;
  #windowSize = 0;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  static async open(path: string): Promise<InputFile> {
    try {
      const handle = await open(path, 'r');
      const stat = await handle.stat();
      if (stat.isFile()) return new InputFile(path, stat.size, handle);
      await handle.close();
    } catch (error) {
      throw fileError(path, 'opening', error);
    }
    throw new ExitError(EXIT.usage, `${path} is not a file`);
  }

  async read(at: number, size: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(size, this.size - at));
    if (wanted > WINDOW) {
      const out = new Uint8Array(wanted);
      return out.subarray(0, await this.#fill(out, at));
    }
    if (at < this.#windowAt || at + wanted > this.#windowAt + this.#windowSize) {
      this.#windowSize = 0;
      this.#windowSize = await this.#fill(this.#window, at);
      this.#windowAt = at;
    }
    const from = at - this.#windowAt;
    return this.#window.slice(from, Math.min(from + wanted, this.#windowSize));
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #fill(out: Uint8Array, at: number): Promise<number> {
    let filled = 0;
    try {
      this.#handle ??= await open(this.path, 'r');
      while (filled < out.length) {
        const { bytesRead } = await this.#handle.read(out, filled, out.length - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw fileError(this.path, 'reading', error);
    }
    return filled;
  }
}
