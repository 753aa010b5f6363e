import { toHex } from '../util/hex.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import type { BlockFile, BlockFs } from './blockFs.ts';

/** Batches gathered before they are written: a crash loses the blocks of so many, and a sync is paid once for all. */
const MAX_BATCHES = 1000;
/** Bytes of keys and values held in memory until then. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Puts off syncs for whoever can do its last minute's work again (an import): `kv` holds batches in memory and answers from
 * them, then syncs the block files and writes all batches as one. A crash, also of the machine, leaves what some earlier
 * batch left, as without it: block bytes behind the committed ends are cut at the next open. `kv.close` writes the rest.
 */
export function gatherWrites(
  kv: Kv,
  fs: BlockFs,
  maxBatches: number = MAX_BATCHES,
): { readonly kv: Kv; readonly fs: BlockFs } {
  const files = new GatheredFs(fs);
  return { kv: new GatheredKv(kv, () => files.syncAll(), maxBatches), fs: files };
}

class GatheredKv implements Kv {
  readonly #base: Kv;
  readonly #syncFiles: () => Promise<void>;
  readonly #maxBatches: number;
  readonly #pending = new Map<string, KvOp>();
  /** Batches wait for a write under way: what came during it would be forgotten with what it wrote. */
  readonly #line = new SerialQueue();
  #batches = 0;
  #bytes = 0;

  constructor(base: Kv, syncFiles: () => Promise<void>, maxBatches: number) {
    this.#base = base;
    this.#syncFiles = syncFiles;
    this.#maxBatches = maxBatches;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const op = this.#pending.get(toHex(key));
    if (op === undefined) return this.#base.get(key);
    return op.type === 'put' ? op.value.slice() : undefined;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const pending = keys.map((key) => this.#pending.get(toHex(key)));
    const rest = await this.#base.getMany(keys.filter((_, i) => pending[i] === undefined));
    let next = 0;
    return pending.map((op) => {
      if (op === undefined) return rest[next++];
      return op.type === 'put' ? op.value.slice() : undefined;
    });
  }

  batch(ops: readonly KvOp[], _options: { readonly sync: boolean }): Promise<void> {
    return this.#line.run(async () => {
      for (const op of ops) {
        this.#pending.set(toHex(op.key), op);
        this.#bytes += op.key.length + (op.type === 'put' ? op.value.length : 0);
      }
      if (++this.#batches >= this.#maxBatches || this.#bytes >= MAX_BYTES) await this.#flush();
    });
  }

  async *iterate(range: Parameters<Kv['iterate']>[0]): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    await this.#line.run(() => this.#flush());
    yield* this.#base.iterate(range);
  }

  /** Closes the database also when the last write fails. */
  async close(): Promise<void> {
    try {
      await this.#line.run(() => this.#flush());
    } finally {
      await this.#base.close();
    }
  }

  /** Files first: the batch names positions in them. */
  async #flush(): Promise<void> {
    if (this.#pending.size === 0) return;
    await this.#syncFiles();
    await this.#base.batch([...this.#pending.values()], { sync: true });
    this.#pending.clear();
    this.#batches = 0;
    this.#bytes = 0;
  }
}

/** Remembers which files were written instead of syncing them. */
class GatheredFs implements BlockFs {
  readonly #base: BlockFs;
  readonly #dirty = new Set<BlockFile>();
  #folderDirty = false;
  readonly crc32: BlockFs['crc32'];

  constructor(base: BlockFs) {
    this.#base = base;
    this.crc32 = (parts) => base.crc32(parts);
  }

  path(name: string): string {
    return this.#base.path(name);
  }

  list(): Promise<readonly string[]> {
    return this.#base.list();
  }

  async open(name: string, mode: 'read' | 'write'): Promise<BlockFile> {
    const file = await this.#base.open(name, mode);
    const dirty = this.#dirty;
    return {
      async write(parts, at) {
        dirty.add(file);
        await file.write(parts, at);
      },
      read: (at, size) => file.read(at, size),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      sync: async () => {},
      async close() {
        // Nobody could sync it afterwards.
        if (dirty.delete(file)) await file.sync();
        await file.close();
      },
    };
  }

  remove(name: string): Promise<void> {
    return this.#base.remove(name);
  }

  async syncFolder(): Promise<void> {
    this.#folderDirty = true;
  }

  async syncAll(): Promise<void> {
    for (const file of this.#dirty) await file.sync();
    this.#dirty.clear();
    if (this.#folderDirty) await this.#base.syncFolder();
    this.#folderDirty = false;
  }
}
