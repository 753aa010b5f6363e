import type { ConsensusParams, EarlyScriptFlag } from '../../params/network.ts';
import { SCRIPT_FLAGS } from '../../script/flags.ts';

type FlagRules = Pick<ConsensusParams, 'heights' | 'exceptions'>;

/** BIP16, BIP141 and BIP341 broke only single blocks of the past, which the network names: they hold from the start. */
const EARLY_FLAGS: readonly EarlyScriptFlag[] = ['P2SH', 'WITNESS', 'TAPROOT'];

function flagsOf(names: readonly EarlyScriptFlag[]): number {
  return names.reduce((flags, name) => flags | SCRIPT_FLAGS[name], 0);
}

const EARLY = flagsOf(EARLY_FLAGS);

/**
 * Consensus script flags at `height` (Bitcoin Core GetBlockScriptFlags): P2SH (BIP16), WITNESS (BIP141) and TAPROOT
 * (BIP341) always, the others from the heights of BIP66, BIP65, BIP112, and BIP147 with BIP141.
 */
export function scriptFlagsAt(height: number, { heights }: FlagRules, early: number = EARLY): number {
  let flags = early;
  if (height >= heights.bip66) flags |= SCRIPT_FLAGS.DERSIG;
  if (height >= heights.bip65) flags |= SCRIPT_FLAGS.CHECKLOCKTIMEVERIFY;
  if (height >= heights.csv) flags |= SCRIPT_FLAGS.CHECKSEQUENCEVERIFY;
  if (height >= heights.segwit) flags |= SCRIPT_FLAGS.NULLDUMMY;
  return flags;
}

/** Those of a block, which may be one of the network's exceptions. `id`: its hash as displayed, asked only if it matters. */
export function scriptFlagsOf(block: { readonly id: string }, height: number, params: FlagRules): number {
  const { exceptions } = params;
  const exception = exceptions?.scriptFlags.find((e) => e.block === block.id);
  return scriptFlagsAt(height, params, exception === undefined ? EARLY : flagsOf(exception.flags));
}
