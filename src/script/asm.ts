import { isUnspendable } from '../primitives/outputScript.ts';
import { toHex } from '../util/hex.ts';
import { ScriptCursor } from './cursor.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import { decodeScriptNumber } from './number.ts';
import { OP, opName } from './opcodes.ts';
import { checkSignatureEncoding, SIGHASH } from './sigEncoding.ts';

const HASH_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  (['ALL', 'NONE', 'SINGLE'] as const).flatMap((name) => [
    [SIGHASH[name], name],
    [SIGHASH[name] | SIGHASH.ANYONECANPAY, `${name}|ANYONECANPAY`],
  ]),
);

/** Hex of a push; with `decodeHashType` a signature ends in its hash type's name instead of its last byte. */
function pushText(data: Uint8Array, decodeHashType: boolean): string {
  if (decodeHashType && checkSignatureEncoding(data, SCRIPT_FLAGS.STRICTENC) === undefined) {
    const name = HASH_TYPE_NAMES.get(data[data.length - 1] as number);
    if (name !== undefined) return `${toHex(data.subarray(0, data.length - 1))}[${name}]`;
  }
  return toHex(data);
}

/**
 * A script as text, as Bitcoin Core's ScriptToAsmStr prints it: pushes of up to four bytes as decimal numbers, longer ones
 * as hex, "[error]" where a push is cut off. `decodeHashTypes` is for input scripts: signatures end in "[ALL]" and so on.
 */
export function scriptToAsm(script: Uint8Array, decodeHashTypes = false): string {
  const decode = decodeHashTypes && !isUnspendable(script);
  const words: string[] = [];
  const cursor = new ScriptCursor(script);
  while (!cursor.atEnd) {
    if (!cursor.next()) {
      words.push('[error]');
      break;
    }
    const { opcode, data } = cursor;
    if (opcode > OP.OP_PUSHDATA4) words.push(opName(opcode));
    else if (data.length <= 4) words.push((decodeScriptNumber(data, false) as number).toString());
    else words.push(pushText(data, decode));
  }
  return words.join(' ');
}
