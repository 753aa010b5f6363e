import { type Tx, WITNESS_SCALE } from '../primitives/tx.ts';

/** Virtual bytes that one unit of sigop cost is charged as (Bitcoin Core DEFAULT_BYTES_PER_SIGOP). */
export const BYTES_PER_SIGOP = 20;

/**
 * Virtual bytes as the pool counts them: BIP141 weight or sigop cost · 20, whichever is more, divided by 4 and rounded up,
 * so that sigops cannot be had cheaper than the block space they displace (Bitcoin Core GetVirtualTransactionSize).
 */
export function virtualSize(tx: Tx, sigopCost: number): number {
  return Math.ceil(Math.max(tx.weight, sigopCost * BYTES_PER_SIGOP) / WITNESS_SCALE);
}
