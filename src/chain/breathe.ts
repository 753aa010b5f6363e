import type { Block } from '../primitives/block.ts';

/** Transactions from which on a block is judged in several pieces: a thousand take a few milliseconds in each. */
const LARGE_BLOCK = 500;

/** Lets everything else run between two pieces of work on a block, when it is large. */
export type Breathe = (block: Block) => Promise<void>;

export function breathing(pause: (() => Promise<void>) | undefined): Breathe {
  return async (block) => {
    if (block.txs.length >= LARGE_BLOCK) await pause?.();
  };
}
