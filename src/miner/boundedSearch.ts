import type { StopSignal } from '../consensus/engine.ts';
import type { NonceSearch } from '../consensus/pow/powAuthor.ts';
import { targetBytes, timeOfHeader80 } from './inlineSearch.ts';
import { jsKernel } from './powKernel.ts';
import { wasmKernel, wasmKernelWorks } from './wasmKernel.ts';

/** Hashes that may still be made. */
export interface TryBudget {
  left: number;
}

/** Hashes between two pauses: below 10 ms with the slower kernel. */
const SLICE = 1 << 14;
const NONCES = 2 ** 32;

/**
 * NonceSearch on the caller's thread that makes at most `budget.left` hashes over all its searches, pausing between
 * slices so that everything else goes on. `pause` resolves when others had their turn.
 */
export function boundedSearch(budget: TryBudget, pause: () => Promise<void>): NonceSearch {
  return {
    async search(header80: Uint8Array, target: bigint, stop: StopSignal) {
      // The first slice is JavaScript: most searches end in it, and instantiating WebAssembly takes longer.
      let kernel = jsKernel(header80, targetBytes(target));
      for (let start = 0; start < NONCES && budget.left > 0 && !stop.aborted; start += SLICE) {
        const count = Math.min(SLICE, budget.left, NONCES - start);
        const nonce = kernel.find(start, count);
        budget.left -= nonce === undefined ? count : nonce - start + 1;
        if (nonce !== undefined) return { nonce, time: timeOfHeader80(header80) };
        if (start === 0 && wasmKernelWorks()) kernel = wasmKernel(header80, targetBytes(target));
        await pause();
      }
      return undefined;
    },
  };
}
