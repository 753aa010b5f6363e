import { isPayToScriptHash, WITNESS_PREFIX_SIZE, witnessVersionOf } from '../primitives/outputScript.ts';
import type { Tx, TxIn, TxOut } from '../primitives/tx.ts';
import { EMPTY } from '../util/bytes.ts';
import { ScriptCursor } from './cursor.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import { OP, smallNumberOf } from './opcodes.ts';
import { isPushOnly } from './push.ts';
import { MAX_PUBKEYS_PER_MULTISIG } from './templates.ts';

/** One for all: a block has ten thousands of scripts to count in. */
const counting = new ScriptCursor(EMPTY);

/**
 * Signature operations in a script, up to its first broken push. A multisig counts 20, or with `accurate` the number that
 * OP_1 … OP_16 directly before it announces.
 */
export function countSigOps(script: Uint8Array, accurate: boolean): number {
  let count = 0;
  let last: number = OP.OP_INVALIDOPCODE;
  const cursor = counting.restart(script);
  while (cursor.next()) {
    const { opcode } = cursor;
    if (opcode === OP.OP_CHECKSIG || opcode === OP.OP_CHECKSIGVERIFY) count++;
    else if (opcode === OP.OP_CHECKMULTISIG || opcode === OP.OP_CHECKMULTISIGVERIFY) {
      const keys = last === OP.OP_0 ? undefined : smallNumberOf(last);
      count += accurate && keys !== undefined ? keys : MAX_PUBKEYS_PER_MULTISIG;
    }
    last = opcode;
  }
  return count;
}

/** Inaccurate count over all input and output scripts (Bitcoin Core's GetLegacySigOpCount); unscaled. */
export function legacySigOpCount(tx: Tx): number {
  let count = 0;
  for (const input of tx.inputs) count += countSigOps(input.scriptSig, false);
  for (const output of tx.outputs) count += countSigOps(output.scriptPubKey, false);
  return count;
}

/** What the last push of a script pushes; undefined when a push is cut off or an opcode is no push. */
export function lastPush(script: Uint8Array): Uint8Array | undefined {
  const cursor = new ScriptCursor(script);
  let data: Uint8Array = EMPTY;
  while (!cursor.atEnd) {
    if (!cursor.next() || cursor.opcode > OP.OP_16) return undefined;
    data = cursor.data;
  }
  return data;
}

/** Accurate count in the redeem script of an input that spends a P2SH output, zero for other outputs (BIP16); unscaled. */
export function p2shSigOps(scriptSig: Uint8Array, scriptPubKey: Uint8Array): number {
  if (!isPayToScriptHash(scriptPubKey)) return 0;
  const redeemScript = lastPush(scriptSig);
  return redeemScript === undefined ? 0 : countSigOps(redeemScript, true);
}

/** p2shSigOps over all inputs, zero for a coinbase. `spent` are the outputs that the inputs spend, in order. */
export function p2shSigOpCount(tx: Tx, spent: readonly TxOut[]): number {
  if (tx.isCoinbase) return 0;
  let count = 0;
  for (let i = 0; i < tx.inputs.length; i++)
    count += p2shSigOps((tx.inputs[i] as TxIn).scriptSig, (spent[i] as TxOut).scriptPubKey);
  return count;
}

function programSigOps(script: Uint8Array, witness: readonly Uint8Array[]): number | undefined {
  const version = witnessVersionOf(script);
  if (version === undefined) return undefined;
  if (version !== 0) return 0;
  const programSize = script.length - WITNESS_PREFIX_SIZE;
  if (programSize === 20) return 1;
  const script0 = witness[witness.length - 1];
  return programSize === 32 && script0 !== undefined ? countSigOps(script0, true) : 0;
}

/** Signature operations of the witness of one input, native or nested in P2SH (BIP141, Bitcoin Core's CountWitnessSigOps); cost one each. */
export function witnessSigOpCost(
  scriptSig: Uint8Array,
  scriptPubKey: Uint8Array,
  witness: readonly Uint8Array[],
  flags: number,
): number {
  if ((flags & SCRIPT_FLAGS.WITNESS) === 0) return 0;
  const native = programSigOps(scriptPubKey, witness);
  if (native !== undefined) return native;
  if (!isPayToScriptHash(scriptPubKey) || !isPushOnly(scriptSig)) return 0;
  return programSigOps(lastPush(scriptSig) ?? EMPTY, witness) ?? 0;
}
