import type { Hash256 } from '../primitives/hash.ts';
import { compactSizeLength } from '../util/codec.ts';
import { checkSchnorrSignature } from './checkSchnorr.ts';
import type { ScriptError } from './errors.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import type { Execution } from './interpreter/machine.ts';
import { annexHash } from './sighashTaproot.ts';
import {
  checkTaprootCommitment,
  isControlBlockSize,
  LEAF_VERSION_MASK,
  LEAF_VERSION_TAPSCRIPT,
  tapLeafHash,
} from './taproot.ts';
import { runTapscript } from './witnessScript.ts';

/** First byte of an annex. */
export const ANNEX_TAG = 0x50;
/** What a tapscript's signatures may weigh beyond the size of the witness (BIP342). */
const FREE_SIGNATURE_WEIGHT = 50;

/** Bytes of the witness as serialized, with its count. */
function witnessSize(witness: readonly Uint8Array[]): number {
  let size = compactSizeLength(witness.length);
  for (const item of witness) size += compactSizeLength(item.length) + item.length;
  return size;
}

function spendByScript(
  execution: Execution,
  outputKey: Uint8Array,
  witness: readonly Uint8Array[],
  items: readonly Uint8Array[],
  annex: Hash256 | undefined,
): ScriptError | undefined {
  const control = items[items.length - 1] as Uint8Array;
  const script = items[items.length - 2] as Uint8Array;
  if (!isControlBlockSize(control.length)) return 'TAPROOT_WRONG_CONTROL_SIZE';
  const leafVersion = (control[0] as number) & LEAF_VERSION_MASK;
  const leafHash = tapLeafHash(leafVersion, script);
  if (!checkTaprootCommitment(control, outputKey, leafHash)) return 'WITNESS_PROGRAM_MISMATCH';
  if (leafVersion === LEAF_VERSION_TAPSCRIPT) {
    const weightLeft = witnessSize(witness) + FREE_SIGNATURE_WEIGHT;
    return runTapscript(execution, script, items.slice(0, -2), { leafHash, annex, weightLeft });
  }
  const discouraged = (execution.flags & SCRIPT_FLAGS.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION) !== 0;
  return discouraged ? 'DISCOURAGE_UPGRADABLE_TAPROOT_VERSION' : undefined;
}

/** BIP341: may this witness spend the native version 1 output of a 32-byte key? By key with one item, else by script. */
export function spendTaproot(
  execution: Execution,
  outputKey: Uint8Array,
  witness: readonly Uint8Array[],
): ScriptError | undefined {
  if (witness.length === 0) return 'WITNESS_PROGRAM_WITNESS_EMPTY';
  const last = witness[witness.length - 1] as Uint8Array;
  let items = witness;
  let annex: Hash256 | undefined;
  if (witness.length >= 2 && last[0] === ANNEX_TAG) {
    annex = annexHash(last);
    items = witness.slice(0, -1);
  }
  if (items.length > 1) return spendByScript(execution, outputKey, witness, items, annex);
  return checkSchnorrSignature(execution.spend, items[0] as Uint8Array, outputKey, annex, undefined);
}
