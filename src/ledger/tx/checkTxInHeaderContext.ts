import { LOCKTIME_THRESHOLD } from '../../primitives/lockTime.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import { SEQUENCE_FINAL, type TxFields } from '../../primitives/tx.ts';

/** When a transaction would confirm: the block's height and the time that lock times are compared with, Unix seconds. */
export interface LockTimePoint {
  readonly height: number;
  /** Median time past of the parent from BIP113 on, before that the block's own time. */
  readonly time: number;
}

/** True when the lock time has passed, or every input opts out of it (Bitcoin Core IsFinalTx). */
export function isFinalTx(tx: Pick<TxFields, 'lockTime' | 'inputs'>, at: LockTimePoint): boolean {
  if (tx.lockTime === 0) return true;
  const now = tx.lockTime < LOCKTIME_THRESHOLD ? at.height : at.time;
  return tx.lockTime < now || tx.inputs.every((input) => input.sequence === SEQUENCE_FINAL);
}

/** The transaction's absolute lock time allows it in a block at this point. */
export function checkTxInHeaderContext(tx: Pick<TxFields, 'lockTime' | 'inputs'>, at: LockTimePoint): Check {
  if (isFinalTx(tx, at)) return PASSED;
  return broken('non-final', `lock time ${tx.lockTime} is not passed at height ${at.height}, time ${at.time}`);
}
