import type { StopSignal } from '../consensus/engine.ts';
import type { NonceSearch } from '../consensus/pow/powAuthor.ts';
import { solveEasy, targetBytes, timeOfHeader80 } from './inlineSearch.ts';
import { WorkerPool, type WorkerPoolOptions } from './workerPool.node.ts';

/** NonceSearch for a Node process: easy headers at once on the caller's thread, all others on worker threads. */
export class ThreadedSearch implements NonceSearch {
  readonly #pool: WorkerPool;
  #inlineHashes = 0n;

  constructor(options: WorkerPoolOptions) {
    this.#pool = new WorkerPool(options);
  }

  get threads(): number {
    return this.#pool.threads;
  }

  /** Hashes made since the start, on all threads. */
  hashes(): bigint {
    return this.#inlineHashes + this.#pool.hashes();
  }

  async search(
    header80: Uint8Array,
    target: bigint,
    stop: StopSignal,
  ): Promise<{ readonly nonce: number; readonly time: number } | undefined> {
    if (stop.aborted) return undefined;
    const time = timeOfHeader80(header80);
    const easy = solveEasy(header80, target);
    this.#inlineHashes += BigInt(easy.hashes);
    if (easy.nonce !== undefined) return { nonce: easy.nonce, time };
    const nonce = await this.#pool.search(header80, targetBytes(target), stop);
    return nonce === undefined ? undefined : { nonce, time };
  }

  /** Stops the threads; running searches end with undefined. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
