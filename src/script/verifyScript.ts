import type { TxOut } from '../primitives/tx.ts';
import { judgeKeyHashSpend } from './keyHashSpend.ts';
import { SCRIPT_OK, scriptFailed, type VerifyScript } from './verify.ts';

/** May input `index` of `tx` spend `spent[index]` under `flags`? The one door to script verification; pure and synchronous. */
export const verifyScript: VerifyScript = (tx, index, spent, flags) => {
  const error = judgeKeyHashSpend({ tx, index, spent: spent[index] as TxOut }, flags);
  return error === undefined ? SCRIPT_OK : scriptFailed(error);
};
