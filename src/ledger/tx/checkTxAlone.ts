import { isMoney, MAX_MONEY } from '../../primitives/amount.ts';
import { COINBASE_SCRIPT_MAX, COINBASE_SCRIPT_MIN, MAX_BLOCK_WEIGHT } from '../../primitives/limits.ts';
import {
  displayOutPoint,
  isNullOutPoint,
  type OutPoint,
  outPointKey,
  sameOutPoint,
} from '../../primitives/outpoint.ts';
import { broken, type Check, PASSED, passed } from '../../primitives/rules.ts';
import { type Tx, type TxIn, type TxOut, WITNESS_SCALE } from '../../primitives/tx.ts';

declare const checked: unique symbol;
/** A transaction that passed checkTxAlone, which alone makes this type. */
export type SaneTx = Tx & { readonly [checked]: 'alone' };

/** At least one input and one output (Bitcoin Core CheckTransaction). */
function checkNotEmpty(tx: Tx): Check {
  if (tx.inputs.length === 0) return broken('bad-txns-vin-empty', 'no inputs');
  if (tx.outputs.length === 0) return broken('bad-txns-vout-empty', 'no outputs');
  return PASSED;
}

/** Without witnesses it fits in a block (Bitcoin Core CheckTransaction). */
function checkSize(tx: Tx): Check {
  const weight = tx.strippedSize * WITNESS_SCALE;
  if (weight <= MAX_BLOCK_WEIGHT) return PASSED;
  return broken(
    'bad-txns-oversize',
    `${tx.strippedSize} bytes without witness, at most ${MAX_BLOCK_WEIGHT / WITNESS_SCALE}`,
  );
}

/** Every output value and their sum lie within 0 … MAX_MONEY (CVE-2010-5139). */
function checkOutputValues(tx: Tx): Check {
  let total = 0n;
  for (let i = 0; i < tx.outputs.length; i++) {
    const { value } = tx.outputs[i] as TxOut;
    if (value < 0n) return broken('bad-txns-vout-negative', `output ${i} has value ${value}`);
    if (value > MAX_MONEY) return broken('bad-txns-vout-toolarge', `output ${i} has value ${value}`);
    total += value;
    if (!isMoney(total)) return broken('bad-txns-txouttotal-toolarge', `outputs 0 to ${i} sum to ${total}`);
  }
  return PASSED;
}

/** Up to so many inputs are compared pair by pair, which needs no keys. */
const FEW_INPUTS = 8;

/** The first outpoint that an input before names as well. */
function firstRepeated(inputs: readonly TxIn[]): OutPoint | undefined {
  if (inputs.length <= FEW_INPUTS) {
    for (let i = 1; i < inputs.length; i++) {
      const { prevout } = inputs[i] as TxIn;
      for (let k = 0; k < i; k++) if (sameOutPoint((inputs[k] as TxIn).prevout, prevout)) return prevout;
    }
    return undefined;
  }
  const seen = new Set<string>();
  for (const { prevout } of inputs) {
    const key = outPointKey(prevout);
    if (seen.has(key)) return prevout;
    seen.add(key);
  }
  return undefined;
}

/** No output is spent twice (CVE-2018-17144). */
function checkDistinctInputs(tx: Tx): Check {
  const repeated = firstRepeated(tx.inputs);
  if (repeated === undefined) return PASSED;
  return broken('bad-txns-inputs-duplicate', `${displayOutPoint(repeated)} is spent twice`);
}

/** A coinbase script has 2 to 100 bytes; other transactions never spend the null outpoint. */
function checkPrevouts(tx: Tx): Check {
  if (tx.isCoinbase) {
    const length = tx.inputs[0]?.scriptSig.length ?? 0;
    if (length >= COINBASE_SCRIPT_MIN && length <= COINBASE_SCRIPT_MAX) return PASSED;
    return broken(
      'bad-cb-length',
      `coinbase script of ${length} bytes, ${COINBASE_SCRIPT_MIN} to ${COINBASE_SCRIPT_MAX} are allowed`,
    );
  }
  const at = tx.inputs.findIndex((input) => isNullOutPoint(input.prevout));
  return at < 0 ? PASSED : broken('bad-txns-prevout-null', `input ${at} spends the null outpoint`);
}

const CHECKS = [checkNotEmpty, checkSize, checkOutputValues, checkDistinctInputs, checkPrevouts] as const;

/** Every rule that needs the transaction alone, in Bitcoin Core's order (consensus/tx_check.cpp CheckTransaction). */
export function checkTxAlone(tx: Tx): Check<SaneTx> {
  for (const check of CHECKS) {
    const verdict = check(tx);
    if (!verdict.ok) return verdict;
  }
  return passed(tx as SaneTx);
}
