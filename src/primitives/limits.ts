/** Bitcoin's limits of blocks and transactions (Bitcoin Core consensus/consensus.h, policy/policy.h). */

/** BIP141: largest weight of a block. */
export const MAX_BLOCK_WEIGHT = 4_000_000;
/** Bytes that a block of that weight can have: none weighs less than one unit (Bitcoin Core MAX_BLOCK_SERIALIZED_SIZE). */
export const MAX_BLOCK_SIZE = MAX_BLOCK_WEIGHT;
/** BIP141: largest signature operation cost of a block. */
export const MAX_BLOCK_SIGOP_COST = 80_000;
/** Bytes that a coinbase input script may have. */
export const COINBASE_SCRIPT_MIN = 2;
export const COINBASE_SCRIPT_MAX = 100;

/** Policy: largest weight of a loose transaction (Bitcoin Core MAX_STANDARD_TX_WEIGHT). */
export const MAX_STANDARD_TX_WEIGHT = 400_000;
