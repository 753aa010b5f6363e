import { isMoney, MAX_MONEY } from '../../primitives/amount.ts';
import { displayOutPoint, isNullOutPoint, outPointKey } from '../../primitives/outpoint.ts';
import { broken, type Check, PASSED, passed } from '../../primitives/rules.ts';
import { type Tx, WITNESS_SCALE } from '../../primitives/tx.ts';
import { COINBASE_SCRIPT_MAX, COINBASE_SCRIPT_MIN, MAX_BLOCK_WEIGHT } from '../limits.ts';

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
  return broken('bad-txns-oversize', `${tx.strippedSize} bytes without witness, at most ${MAX_BLOCK_WEIGHT / 4}`);
}

/** Every output value and their sum lie within 0 … MAX_MONEY (CVE-2010-5139). */
function checkOutputValues(tx: Tx): Check {
  let total = 0n;
  for (const [i, { value }] of tx.outputs.entries()) {
    if (value < 0n) return broken('bad-txns-vout-negative', `output ${i} has value ${value}`);
    if (value > MAX_MONEY) return broken('bad-txns-vout-toolarge', `output ${i} has value ${value}`);
    total += value;
    if (!isMoney(total)) return broken('bad-txns-txouttotal-toolarge', `outputs 0 to ${i} sum to ${total}`);
  }
  return PASSED;
}

/** No output is spent twice (CVE-2018-17144). */
function checkDistinctInputs(tx: Tx): Check {
  if (tx.inputs.length === 1) return PASSED;
  const seen = new Set<string>();
  for (const { prevout } of tx.inputs) {
    const key = outPointKey(prevout);
    if (seen.has(key)) return broken('bad-txns-inputs-duplicate', `${displayOutPoint(prevout)} is spent twice`);
    seen.add(key);
  }
  return PASSED;
}

/** A coinbase script has 2 to 100 bytes; other transactions never spend the null outpoint. */
function checkPrevouts(tx: Tx): Check {
  if (tx.isCoinbase) {
    const length = tx.inputs[0]?.scriptSig.length ?? 0;
    if (length >= COINBASE_SCRIPT_MIN && length <= COINBASE_SCRIPT_MAX) return PASSED;
    return broken('bad-cb-length', `coinbase script of ${length} bytes, 2 to 100 are allowed`);
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
