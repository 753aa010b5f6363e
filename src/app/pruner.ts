import type { ChainManager } from '../chain/chainManager.ts';
import type { Lifetime } from '../util/lifetime.ts';
import type { Logger } from '../util/ports.ts';

/** How a node prunes, by its option `prune` (Bitcoin Core's -prune). */
export type PruneMode =
  | { readonly kind: 'off' }
  /** Only when told over RPC. */
  | { readonly kind: 'manual' }
  /** Old files go when all take more than `bytes`. */
  | { readonly kind: 'automatic'; readonly bytes: number };

const MIB = 1024 * 1024;

/** 0 is off, 1 manual, anything else a target in MiB. */
export function pruneModeOf(prune: number): PruneMode {
  if (prune === 0) return { kind: 'off' };
  return prune === 1 ? { kind: 'manual' } : { kind: 'automatic', bytes: prune * MIB };
}

/** Keeps the block files below their target: looks whenever the tip moved and a file was filled since the last time. */
export class Pruner {
  readonly #parts: PrunerParts;
  /** The newest file of each kind when it was looked last. */
  #seen = '';
  #busy = false;

  constructor(parts: PrunerParts) {
    this.#parts = parts;
    parts.lifetime.add(parts.chain.events.on('tip', () => this.#look()));
    this.#look();
  }

  #look(): void {
    const { store, bytes, fail } = this.#parts;
    const { bodies, undo } = store.fileSizes();
    const newest = `${Math.max(...bodies.keys())}/${Math.max(...undo.keys())}`;
    if (this.#busy || newest === this.#seen) return;
    let used = 0;
    for (const size of [...bodies.values(), ...undo.values()]) used += size;
    if (used <= bytes) return;
    this.#seen = newest;
    this.#busy = true;
    this.#prune().then(
      () => {
        this.#busy = false;
      },
      (error: unknown) => fail(error),
    );
  }

  async #prune(): Promise<void> {
    const { chain, bytes, log } = this.#parts;
    const done = await chain.prune({ upTo: Number.POSITIVE_INFINITY, keepBytes: bytes });
    if (done.files > 0) log.info({ ...done, lowest: chain.prunedBelow() ?? 0 }, 'old block files deleted');
  }
}

export interface PrunerParts {
  readonly chain: Pick<ChainManager, 'prune' | 'prunedBelow' | 'events'>;
  readonly store: { fileSizes(): { readonly bodies: FileSizes; readonly undo: FileSizes } };
  /** Target of all block and undo files together. */
  readonly bytes: number;
  readonly log: Logger;
  readonly lifetime: Lifetime;
  /** Our own failure: the node stops. */
  readonly fail: (error: unknown) => void;
}

type FileSizes = ReadonlyMap<number, number>;
