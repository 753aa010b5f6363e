import { readTx, type Tx } from '../primitives/tx.ts';
import { DecodeError, decodeAll } from '../util/codec.ts';
import { fromHex, isHex } from '../util/hex.ts';

/** Limits of Bitcoin Core's script.h. */
const MAX_SCRIPT_SIZE = 10_000;
const MAX_ELEMENT_SIZE = 520;
const MAX_OPCODE = 0xb9;

/** True when the script is a run of known opcodes with whole pushes: what a real transaction has (CheckTxScriptsSanity). */
function looksLikeScript(script: Uint8Array): boolean {
  if (script.length > MAX_SCRIPT_SIZE) return false;
  let at = 0;
  while (at < script.length) {
    const op = script[at++] as number;
    if (op > MAX_OPCODE) return false;
    if (op === 0 || op > 0x4e) continue;
    let size = op;
    if (op >= 0x4c) {
      const bytes = 1 << (op - 0x4c);
      if (at + bytes > script.length) return false;
      size = 0;
      for (let i = bytes - 1; i >= 0; i--) size = size * 256 + (script[at + i] as number);
      at += bytes;
    }
    if (size > MAX_ELEMENT_SIZE || at + size > script.length) return false;
    at += size;
  }
  return true;
}

function isSane(tx: Tx): boolean {
  const inputs = tx.isCoinbase || tx.inputs.every((input) => looksLikeScript(input.scriptSig));
  return inputs && tx.outputs.every((output) => looksLikeScript(output.scriptPubKey));
}

function tryRead(bytes: Uint8Array, witness: boolean): Tx | undefined {
  try {
    return decodeAll(bytes, (r) => readTx(r, witness), 'tx');
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/**
 * A transaction of hex text, or undefined. Text of a transaction without inputs is ambiguous: `forms` says which
 * serializations to try; when both can be read, the one whose scripts make sense wins, first BIP144 (Bitcoin Core DecodeTx).
 */
export function decodeRawTx(
  text: string,
  forms: { readonly witness: boolean; readonly legacy: boolean } = { witness: true, legacy: false },
): Tx | undefined {
  if (!isHex(text)) return undefined;
  const bytes = fromHex(text);
  const extended = forms.witness ? tryRead(bytes, true) : undefined;
  if (extended !== undefined && isSane(extended)) return extended;
  const legacy = forms.legacy ? tryRead(bytes, false) : undefined;
  if (legacy !== undefined && isSane(legacy)) return legacy;
  return extended ?? legacy;
}
