/** Lock times below are block heights, from here on Unix seconds (Bitcoin Core LOCKTIME_THRESHOLD; BIP65). */
export const LOCKTIME_THRESHOLD = 500_000_000;

/** BIP68: this bit of a sequence number turns the relative lock off. */
export const SEQUENCE_LOCK_DISABLED = 0x80000000;
/** BIP68: this bit makes the lock count time instead of blocks. */
export const SEQUENCE_LOCK_IS_TIME = 1 << 22;
/** BIP68: the lock's length, in blocks or units of 512 seconds. */
export const SEQUENCE_LOCK_MASK = 0xffff;
