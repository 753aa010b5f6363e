/** Bitcoin's block limits (Bitcoin Core consensus/consensus.h). */

/** BIP141: largest weight of a block. */
export const MAX_BLOCK_WEIGHT = 4_000_000;
/** BIP141: largest signature operation cost of a block. */
export const MAX_BLOCK_SIGOP_COST = 80_000;
/** Bytes that a coinbase input script may have. */
export const COINBASE_SCRIPT_MIN = 2;
export const COINBASE_SCRIPT_MAX = 100;
