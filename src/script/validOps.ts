import { MAX_SCRIPT_SIZE } from '../primitives/outputScript.ts';
import { ScriptCursor } from './cursor.ts';
import { MAX_ELEMENT_SIZE } from './interpreter/limits.ts';
import { OP } from './opcodes.ts';
import { isOpSuccess } from './opSuccess.ts';

/** Every opcode has a name, every push is whole and at most 520 bytes (Bitcoin Core CScript::HasValidOps). */
export function hasValidOps(script: Uint8Array): boolean {
  const cursor = new ScriptCursor(script);
  while (!cursor.atEnd)
    if (!cursor.next() || cursor.opcode > OP.OP_NOP10 || cursor.data.length > MAX_ELEMENT_SIZE) return false;
  return true;
}

/** What a script of a real transaction looks like: tells serializations apart (Bitcoin Core CheckTxScriptsSanity). */
export function looksLikeScript(script: Uint8Array): boolean {
  return script.length <= MAX_SCRIPT_SIZE && hasValidOps(script);
}

/** True when an opcode before the first broken push would make a tapscript succeed at once (BIP342). */
export function holdsOpSuccess(script: Uint8Array): boolean {
  const cursor = new ScriptCursor(script);
  while (cursor.next()) if (isOpSuccess(cursor.opcode)) return true;
  return false;
}
