import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own that is soon full: a tmpfs. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Undefined where there is no right to mount; then it has said so. */
  static mount(path: string, megabytes: number): SmallDisk | undefined {
    mkdirSync(path);
    const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path];
    if (spawnSync('mount', options, { stdio: 'ignore' }).status === 0) return new SmallDisk(path);
    console.log('      skipped: no right to mount a small file system (tmpfs)');
    return undefined;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  resize(megabytes: number): void {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,size=${megabytes}m`, this.path]);
    if (status !== 0) throw new Error(String(stderr));
  }

  /** Somebody else's files, so that only so many bytes are free. */
  fillUp(leaveBytes: number): void {
    writeFileSync(this.#ballast, Buffer.alloc(Math.max(0, this.freeBytes - leaveBytes)));
  }

  /** Removes what fillUp made. */
  clear(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** To be called when no process uses it any more. */
  unmount(): void {
    spawnSync('umount', ['-l', this.path], { stdio: 'ignore' });
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}
