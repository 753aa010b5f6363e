import type { Tx, TxOut } from '../primitives/tx.ts';
import { SCRIPT_ERRORS, type ScriptError } from './errors.ts';

export type { ScriptError };

export type ScriptResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Named as in Bitcoin Core's script tests. */
      readonly error: ScriptError;
      /** The error in words, as Bitcoin Core prints it in brackets behind a reject reason. */
      readonly detail: string;
    };

/** The final interface of script verification: may input `index` of `tx` spend `spent[index]`? */
export type VerifyScript = (tx: Tx, index: number, spent: readonly TxOut[], flags: number) => ScriptResult;

export const SCRIPT_OK: ScriptResult = { ok: true };

export function scriptFailed(error: ScriptError): ScriptResult {
  return { ok: false, error, detail: SCRIPT_ERRORS[error] };
}
