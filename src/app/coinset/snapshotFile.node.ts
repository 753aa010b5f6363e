import { access, type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes gathered before they are written. */
export const WRITE_CHUNK = 1 << 20;

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A file that appears under its name when it is complete: until then it is `path`.incomplete. */
export class DraftFile {
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  static draftPath(path: string): string {
    return `${path}.incomplete`;
  }

  /** Replaces a draft that was left behind. Throws when it cannot be opened. */
  static async create(path: string): Promise<DraftFile> {
    return new DraftFile(await open(DraftFile.draftPath(path), 'w', 0o600), path);
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.writeFile(bytes);
  }

  /** Writes over what stands at `at`. */
  async overwrite(bytes: Uint8Array, at: number): Promise<void> {
    await this.#file.write(bytes, 0, bytes.length, at);
  }

  /** Makes it durable and gives it its name. */
  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(DraftFile.draftPath(this.#path), this.#path);
    const folder = await open(dirname(this.#path), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /** Removes it. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await unlink(DraftFile.draftPath(this.#path)).catch(() => undefined);
  }
}
