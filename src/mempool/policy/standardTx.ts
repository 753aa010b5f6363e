import { MAX_STANDARD_TX_WEIGHT } from '../../primitives/limits.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import type { Tx, TxOut } from '../../primitives/tx.ts';
import { isPushOnly } from '../../script/push.ts';
import { dustThreshold } from '../../script/standard.ts';
import { classifyOutput } from '../../script/templates.ts';
import type { PoolSettings } from '../settings.ts';

/** Versions that have a meaning today (Bitcoin Core TX_MIN/MAX_STANDARD_VERSION). */
const MIN_VERSION = 1;
const MAX_VERSION = 3;
/** Bytes: a 15-of-15 P2SH multisig with compressed keys fits (Bitcoin Core MAX_STANDARD_SCRIPTSIG_SIZE). */
const MAX_SCRIPT_SIG = 1650;
/** Bare multisig outputs have at most this many keys. */
const MAX_BARE_MULTISIG_KEYS = 3;
/** A transaction without fee may carry one, to be spent by its child (Bitcoin Core MAX_DUST_OUTPUTS_PER_TX). */
const MAX_DUST_OUTPUTS = 1;

function checkInputScripts(tx: Tx): Check {
  for (const [i, { scriptSig }] of tx.inputs.entries()) {
    if (scriptSig.length > MAX_SCRIPT_SIG)
      return broken('scriptsig-size', `input ${i} has ${scriptSig.length} bytes, at most ${MAX_SCRIPT_SIG}`);
    if (!isPushOnly(scriptSig)) return broken('scriptsig-not-pushonly', `input ${i} does more than push`);
  }
  return PASSED;
}

function checkOutputScripts(tx: Tx, settings: PoolSettings): Check {
  let carried = 0;
  for (const [i, { scriptPubKey }] of tx.outputs.entries()) {
    const template = classifyOutput(scriptPubKey);
    if (template.type === 'nonstandard') return broken('scriptpubkey', `output ${i} matches no template`);
    if (template.type === 'multisig' && template.keys.length > MAX_BARE_MULTISIG_KEYS)
      return broken('scriptpubkey', `output ${i} is a bare multisig of ${template.keys.length} keys`);
    if (template.type !== 'nulldata') continue;
    carried += scriptPubKey.length;
    if (carried > settings.maxDataCarrierBytes)
      return broken('datacarrier', `outputs carry ${carried} bytes, at most ${settings.maxDataCarrierBytes}`);
  }
  return PASSED;
}

function dustOutputs(tx: Tx, settings: PoolSettings): number[] {
  const isDust = (out: TxOut): boolean => out.value < dustThreshold(out, settings.dustFeeRate);
  return tx.outputs.flatMap((out, i) => (isDust(out) ? [i] : []));
}

/** Policy on the transaction alone, in Bitcoin Core's order (IsStandardTx). */
export function checkStandardTx(tx: Tx, settings: PoolSettings): Check {
  if (tx.version < MIN_VERSION || tx.version > MAX_VERSION)
    return broken('version', `version ${tx.version}, ${MIN_VERSION} to ${MAX_VERSION} are taken`);
  if (tx.weight > MAX_STANDARD_TX_WEIGHT)
    return broken('tx-size', `weight ${tx.weight}, at most ${MAX_STANDARD_TX_WEIGHT}`);
  const inputs = checkInputScripts(tx);
  if (!inputs.ok) return inputs;
  const outputs = checkOutputScripts(tx, settings);
  if (!outputs.ok) return outputs;
  const dust = dustOutputs(tx, settings);
  return dust.length > MAX_DUST_OUTPUTS ? broken('dust', `outputs ${dust.join(', ')} are dust`) : PASSED;
}

/** Dust is made only without a fee, so that no miner takes it alone (Bitcoin Core PreCheckEphemeralTx). */
export function checkNoFeeWithDust(tx: Tx, fee: bigint, settings: PoolSettings): Check {
  if (fee === 0n || dustOutputs(tx, settings).length === 0) return PASSED;
  return broken('dust', 'tx with dust output must be 0-fee');
}
