import type { ConsensusParams } from '../../params/network.ts';
import { SCRIPT_FLAGS } from '../../script/flags.ts';

/**
 * Consensus script flags of a block at `height` (Bitcoin Core GetBlockScriptFlags): P2SH (BIP16) always, the others from
 * the heights of BIP66, BIP65, BIP112, BIP141 with BIP147, and BIP341.
 */
export function scriptFlagsAt(height: number, params: Pick<ConsensusParams, 'heights'>): number {
  const { heights } = params;
  let flags: number = SCRIPT_FLAGS.P2SH;
  if (height >= heights.bip66) flags |= SCRIPT_FLAGS.DERSIG;
  if (height >= heights.bip65) flags |= SCRIPT_FLAGS.CHECKLOCKTIMEVERIFY;
  if (height >= heights.csv) flags |= SCRIPT_FLAGS.CHECKSEQUENCEVERIFY;
  if (height >= heights.segwit) flags |= SCRIPT_FLAGS.WITNESS | SCRIPT_FLAGS.NULLDUMMY;
  if (height >= heights.taproot) flags |= SCRIPT_FLAGS.TAPROOT;
  return flags;
}
