import {
  LOCKTIME_THRESHOLD,
  SEQUENCE_LOCK_DISABLED,
  SEQUENCE_LOCK_IS_TIME,
  SEQUENCE_LOCK_MASK,
} from '../primitives/lockTime.ts';
import { SEQUENCE_FINAL } from '../primitives/tx.ts';
import { inputOf, type Spend } from './spend.ts';

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
