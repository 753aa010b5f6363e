import { feeAt } from '../primitives/amount.ts';
import { isUnspendable, witnessProgramOf } from '../primitives/outputScript.ts';
import type { TxOut } from '../primitives/tx.ts';
import { compactSizeLength } from '../util/codec.ts';

/** Policy: Bitcoin Core's default dust relay fee, satoshi per 1000 vbytes. */
export const DUST_RELAY_FEE_RATE = 3000n;

/** Virtual bytes of the input that will spend the output: outpoint 36, script length 1, signature and key 107, sequence 4. */
const SPEND_SIZE = 32 + 4 + 1 + 107 + 4;
const WITNESS_SPEND_SIZE = 32 + 4 + 1 + Math.floor(107 / 4) + 4;

/**
 * Policy (Bitcoin Core's GetDustThreshold): the smallest value, in satoshi, that is worth spending at `feeRate` satoshi per
 * 1000 vbytes; outputs below it are dust. Zero for unspendable outputs.
 */
export function dustThreshold(out: TxOut, feeRate: bigint = DUST_RELAY_FEE_RATE): bigint {
  const { scriptPubKey } = out;
  if (isUnspendable(scriptPubKey)) return 0n;
  const outputSize = 8 + compactSizeLength(scriptPubKey.length) + scriptPubKey.length;
  const size = outputSize + (witnessProgramOf(scriptPubKey) === undefined ? SPEND_SIZE : WITNESS_SPEND_SIZE);
  return feeAt(feeRate, size);
}
