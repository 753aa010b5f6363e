import type { Tx, TxOut } from '../primitives/tx.ts';

/** Error codes of script evaluation, named as Bitcoin Core's SCRIPT_ERR_…; NOT_SUPPORTED is ours. */
export type ScriptError = string;

export type ScriptResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: ScriptError; readonly detail: string };

/** The final interface of script verification: may input `index` of `tx` spend `spent[index]`? */
export type VerifyScript = (tx: Tx, index: number, spent: readonly TxOut[], flags: number) => ScriptResult;
