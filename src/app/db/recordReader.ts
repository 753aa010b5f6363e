import type { FilePosition } from '../../chain/ports.ts';
import type { BlockFile, BlockFs } from '../../store/blockFs.ts';
import { FRAME, type FrameForm, openFrame, recordFileName } from '../../store/recordFrame.ts';

/** Reads single records of PREFIXnnnnn.dat without opening the store. One file is kept open. */
export class RecordReader {
  readonly #fs: BlockFs;
  readonly #prefix: string;
  readonly #form: FrameForm;
  #open: { readonly file: number; readonly handle: BlockFile } | undefined;

  constructor(fs: BlockFs, prefix: string, magic: Uint8Array) {
    this.#fs = fs;
    this.#prefix = prefix;
    this.#form = { magic, crc32: (parts) => fs.crc32(parts) };
  }

  /** Path of the file a record lies in. */
  path(at: FilePosition): string {
    return this.#fs.path(recordFileName(this.#prefix, at.file));
  }

  /** The payload, or what is wrong: "has a wrong checksum". Throws StoreError when the file cannot be read. */
  async read(at: FilePosition): Promise<Uint8Array | { readonly fault: string }> {
    if (this.#open?.file !== at.file) {
      await this.close();
      this.#open = { file: at.file, handle: await this.#fs.open(recordFileName(this.#prefix, at.file), 'read') };
    }
    return openFrame(await this.#open.handle.read(at.offset, FRAME + at.size), at.size, this.#form);
  }

  async close(): Promise<void> {
    await this.#open?.handle.close();
    this.#open = undefined;
  }
}
