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

/** Blocks after which it is tried again when a file was still too new to go: looking at every block would cost too much. */
const AGAIN = 72;

/** Keeps the block files below their target: after a start, then when a file was filled or the tip has moved on. */
export class Pruner {
  readonly #parts: PrunerParts;
  /** The newest file of each kind, and the tip, when they were above the target last. */
  #seen: { readonly newest: string; readonly height: number } | undefined;
  #busy = false;

  constructor(parts: PrunerParts) {
    this.#parts = parts;
    parts.lifetime.add(parts.chain.events.on('tip', () => this.#look()));
    this.#look();
  }

  #look(): void {
    const { store, bytes, fail, chain } = this.#parts;
    const { bodies, undo } = store.fileSizes();
    const newest = `${Math.max(...bodies.keys())}/${Math.max(...undo.keys())}`;
    const { height } = chain.tip();
    if (this.#busy || (newest === this.#seen?.newest && height < this.#seen.height + AGAIN)) return;
    let used = 0;
    for (const size of [...bodies.values(), ...undo.values()]) used += size;
    if (used <= bytes) return;
    this.#seen = { newest, height };
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
  readonly chain: Pick<ChainManager, 'prune' | 'prunedBelow' | 'events' | 'tip'>;
  readonly store: { fileSizes(): { readonly bodies: FileSizes; readonly undo: FileSizes } };
  /** Target of all block and undo files together. */
  readonly bytes: number;
  readonly log: Logger;
  readonly lifetime: Lifetime;
  /** Our own failure: the node stops. */
  readonly fail: (error: unknown) => void;
}

type FileSizes = ReadonlyMap<number, number>;
