import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openNodeBlockFs } from '../../src/store/blockFsNode.node.ts';
import { openLevelKv } from '../../src/store/kvLevel.node.ts';
import type { Disk } from './everyWrite.ts';

/** LevelDB and a folder of files in `dir`, opened again and again. */
export class RealDisk {
  readonly #dir: string;
  #open: Disk | undefined;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  /** Closes what was open, as the end of a process does, and opens it anew. */
  async reopen(): Promise<Disk> {
    await this.close();
    const kv = await openLevelKv(join(this.#dir, 'chain'));
    this.#open = { kv, fs: await openNodeBlockFs(join(this.#dir, 'blocks')) };
    return this.#open;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.kv.close();
  }

  /** The same content in another folder; this one must be closed. */
  copyTo(dir: string): RealDisk {
    cpSync(this.#dir, dir, { recursive: true });
    return new RealDisk(dir);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
