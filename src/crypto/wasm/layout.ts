/** Where things lie in the memory of the hash module. Addresses and sizes are bytes. */

/** State between functions: eight words of one message. */
export const STATE = 0;
/** The digest of the last single hash. */
export const DIGEST = 32;
/** Room for a digest, and behind it the padding that makes it a block. */
export const DIGEST_BLOCK = 64;
/** The 64 round constants, and their sums with the schedule of the block that follows 64 bytes. */
export const ROUND_CONSTANTS = 128;
export const PADDED_CONSTANTS = ROUND_CONSTANTS + 256;

/** Of four lanes: state between functions, eight vectors. */
export const LANE_STATE = PADDED_CONSTANTS + 256;
/** The next block's sixteen words. */
export const LANE_WORDS = LANE_STATE + 128;
/** Room for the words of four digests, and behind them those of the padding that makes them blocks. */
export const LANE_DIGEST_WORDS = LANE_WORDS + 256;
/** How many blocks each lane has, in one vector. */
export const LANE_BLOCKS = LANE_DIGEST_WORDS + 256;
/** All ones for each lane that takes part in the rounds. */
export const LANE_MASK = LANE_BLOCKS + 16;
/** A message of no blocks for lanes without one; its digest is written there and never read. */
export const IDLE_LANE = LANE_MASK + 16;
/** Constants of the lanes' code, up to the table. */
export const POOL = IDLE_LANE + 64;

/** Messages of one batch at most. */
export const TABLE_ENTRIES = 1024;
/** Of each message of a batch, longest first: its address and its number of blocks. */
export const TABLE = 2048;
/** Messages, padded in place, and the digests that replace them. */
export const DATA = TABLE + 8 * TABLE_ENTRIES;

/** Memory never grows. */
export const PAGES = 16;
/** Longest message. Above it other providers are faster (docs/decisions.md). */
export const MAX_MESSAGE = 4096;
/** A message takes its length rounded up to blocks of 64 with at least 9 bytes of padding; zeros are written in whole words. */
export const MAX_PADDING = 80;
/** Where data ends: lanes read on behind the end of shorter messages, and that must be memory too. */
export const DATA_END = PAGES * 65_536 - MAX_MESSAGE - MAX_PADDING;
