import { SEQUENCE_FINAL } from '../primitives/tx.ts';
import { inputOf, type Spend } from './spend.ts';

/** Lock times below are block heights, from here on seconds since 1970 (BIP65). */
const LOCKTIME_THRESHOLD = 500_000_000;
/** Sequence bits (BIP68): no relative lock, lock in time instead of blocks, and how long. */
export const SEQUENCE_LOCK_DISABLED = 0x80000000;
const SEQUENCE_LOCK_IS_TIME = 0x00400000;
const SEQUENCE_LOCK_MASK = 0x0000ffff;

/** Are both of the same kind, height or time, and `required` reached? */
function reached(actual: number, required: number, timesFrom: number): boolean {
  return actual >= timesFrom === required >= timesFrom && required <= actual;
}

/** BIP65: the transaction's lock time has reached `required` (not negative), and this input does not switch it off. */
export function lockTimeReached(spend: Spend, required: number): boolean {
  return reached(spend.tx.lockTime, required, LOCKTIME_THRESHOLD) && inputOf(spend).sequence !== SEQUENCE_FINAL;
}

/** BIP112: the input's relative lock (BIP68) has reached `required`, which has no disable bit. */
export function relativeLockReached(spend: Spend, required: number): boolean {
  const { sequence } = inputOf(spend);
  if (spend.tx.version < 2 || (sequence & SEQUENCE_LOCK_DISABLED) !== 0) return false;
  const mask = SEQUENCE_LOCK_IS_TIME | SEQUENCE_LOCK_MASK;
  return reached(sequence & mask, required & mask, SEQUENCE_LOCK_IS_TIME);
}
