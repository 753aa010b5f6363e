import { readTx, type Tx } from '../primitives/tx.ts';
import { DecodeError, decodeAll } from '../util/codec.ts';
import { fromHex, isHex } from '../util/hex.ts';

/** Which serializations a text may be. */
export interface TxForms {
  readonly witness: boolean;
  readonly legacy: boolean;
  /** Tells the two apart where both can be read: what a script of a real transaction looks like. */
  readonly looksLikeScript: (script: Uint8Array) => boolean;
}

const WITNESS_ONLY: TxForms = { witness: true, legacy: false, looksLikeScript: () => true };

function isSane(tx: Tx, { looksLikeScript }: TxForms): boolean {
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
export function decodeRawTx(text: string, forms: TxForms = WITNESS_ONLY): Tx | undefined {
  if (!isHex(text)) return undefined;
  const bytes = fromHex(text);
  const extended = forms.witness ? tryRead(bytes, true) : undefined;
  if (extended !== undefined && isSane(extended, forms)) return extended;
  const legacy = forms.legacy ? tryRead(bytes, false) : undefined;
  if (legacy !== undefined && isSane(legacy, forms)) return legacy;
  return extended ?? legacy;
}
