import { SEQUENCE_LOCK_DISABLED, SEQUENCE_LOCK_IS_TIME, SEQUENCE_LOCK_MASK } from '../../primitives/lockTime.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import type { TxFields, TxIn } from '../../primitives/tx.ts';
import type { Coin } from '../coin.ts';
import type { ConnectContext } from '../context.ts';

/** BIP68: a unit of time is 512 seconds. */
const TIME_UNIT_SHIFT = 9;

/** The last height and the last median time at which the transaction is still locked; -1 where nothing locks it. */
export interface SequenceLocks {
  readonly height: number;
  /** Unix seconds. */
  readonly time: number;
}

const UNLOCKED: SequenceLocks = { height: -1, time: -1 };

/**
 * Relative locks of a transaction that spends `coins`, one per input in order (BIP68; Bitcoin Core CalculateSequenceLocks).
 * Versions below 2 have none. A coin of an unconfirmed transaction carries the height of the block it is judged for.
 */
export function sequenceLocks(
  tx: Pick<TxFields, 'version' | 'inputs'>,
  coins: readonly Pick<Coin, 'height'>[],
  medianTimeAt: (height: number) => number,
): SequenceLocks {
  if (tx.version < 2) return UNLOCKED;
  let { height, time } = UNLOCKED;
  for (let i = 0; i < tx.inputs.length; i++) {
    const { sequence } = tx.inputs[i] as TxIn;
    if ((sequence & SEQUENCE_LOCK_DISABLED) !== 0) continue;
    const coinHeight = (coins[i] as Coin).height;
    const length = sequence & SEQUENCE_LOCK_MASK;
    if ((sequence & SEQUENCE_LOCK_IS_TIME) !== 0) {
      // Time locks start at the median time of the block before the one that made the coin.
      const start = medianTimeAt(Math.max(coinHeight - 1, 0));
      time = Math.max(time, start + (length << TIME_UNIT_SHIFT) - 1);
    } else {
      height = Math.max(height, coinHeight + length - 1);
    }
  }
  return { height, time };
}

/** All relative locks of the transaction's inputs have ended in a block of this context (BIP68). */
export function checkSequenceLocks(
  tx: Pick<TxFields, 'version' | 'inputs'>,
  coins: readonly Pick<Coin, 'height'>[],
  ctx: ConnectContext,
): Check {
  const locks = sequenceLocks(tx, coins, (height) => ctx.medianTimeAt(height));
  if (locks.height >= ctx.height)
    return broken('non-BIP68-final', `locked to height ${locks.height}, the block has height ${ctx.height}`);
  if (locks.time >= ctx.medianTimePast)
    return broken('non-BIP68-final', `locked to time ${locks.time}, the median time past is ${ctx.medianTimePast}`);
  return PASSED;
}
