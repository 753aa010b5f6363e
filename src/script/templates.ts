import { hasPublicKeyShape } from '../crypto/keyEncoding.ts';
import {
  pubKeyHashOf,
  scriptHashOf,
  type WitnessProgram,
  type WitnessType,
  witnessProgramOf,
  witnessType,
} from '../primitives/outputScript.ts';
import { ScriptCursor } from './cursor.ts';
import { decodeScriptNumber } from './number.ts';
import { OP, smallNumberOf } from './opcodes.ts';
import { isMinimalPush, isPushOnly } from './push.ts';

/** Most keys of OP_CHECKMULTISIG. */
export const MAX_PUBKEYS_PER_MULTISIG = 20;

/** What an output script is, by Bitcoin Core's Solver; `type` is spelled as in its RPC. */
export type OutputTemplate =
  | { readonly type: 'pubkey'; readonly key: Uint8Array }
  | { readonly type: 'pubkeyhash' | 'scripthash'; readonly hash: Uint8Array }
  | { readonly type: 'multisig'; readonly required: number; readonly keys: readonly Uint8Array[] }
  | { readonly type: 'nulldata' }
  | ({ readonly type: WitnessType } & WitnessProgram)
  | { readonly type: 'nonstandard' };

export type OutputType = OutputTemplate['type'];

/** The key of ⟨key⟩ OP_CHECKSIG, when its first byte fits its length. */
function bareKeyOf(script: Uint8Array): Uint8Array | undefined {
  const length = script[0] as number;
  if ((length !== 33 && length !== 65) || script.length !== length + 2 || script[length + 1] !== OP.OP_CHECKSIG)
    return undefined;
  const key = script.subarray(1, 1 + length);
  return hasPublicKeyShape(key) ? key : undefined;
}

/** The count that the cursor's opcode pushes, as OP_1 … OP_16 or as a minimal number, within min … 20. */
function countOf(cursor: ScriptCursor, min: number): number | undefined {
  let count = smallNumberOf(cursor.opcode);
  if (cursor.opcode === OP.OP_0) return undefined;
  if (cursor.opcode <= OP.OP_PUSHDATA4) {
    if (!isMinimalPush(cursor.data, cursor.opcode)) return undefined;
    count = decodeScriptNumber(cursor.data, true);
  }
  return count !== undefined && count >= min && count <= MAX_PUBKEYS_PER_MULTISIG ? count : undefined;
}

function multisigOf(script: Uint8Array): OutputTemplate | undefined {
  if (script[script.length - 1] !== OP.OP_CHECKMULTISIG) return undefined;
  const cursor = new ScriptCursor(script);
  if (!cursor.next()) return undefined;
  const required = countOf(cursor, 1);
  if (required === undefined) return undefined;
  const keys: Uint8Array[] = [];
  while (cursor.next() && hasPublicKeyShape(cursor.data)) keys.push(cursor.data);
  const total = countOf(cursor, required);
  if (total !== keys.length || cursor.offset + 1 !== script.length) return undefined;
  return { type: 'multisig', required, keys };
}

/** Classifies an output script. Byte fields are views on it. */
export function classifyOutput(script: Uint8Array): OutputTemplate {
  const scriptHash = scriptHashOf(script);
  if (scriptHash !== undefined) return { type: 'scripthash', hash: scriptHash };
  const witness = witnessProgramOf(script);
  if (witness !== undefined) {
    const type = witnessType(witness);
    return type === undefined ? { type: 'nonstandard' } : { type, ...witness };
  }
  if (script[0] === OP.OP_RETURN && isPushOnly(script.subarray(1))) return { type: 'nulldata' };
  const key = bareKeyOf(script);
  if (key !== undefined) return { type: 'pubkey', key };
  const keyHash = pubKeyHashOf(script);
  if (keyHash !== undefined) return { type: 'pubkeyhash', hash: keyHash };
  return multisigOf(script) ?? { type: 'nonstandard' };
}
