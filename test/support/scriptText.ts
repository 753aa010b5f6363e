import { SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { OP } from '../../src/script/opcodes.ts';
import { pushData, pushNumber } from '../../src/script/push.ts';
import { asciiBytes, concatBytes } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';

/**
 * Bytes of a script in the notation of Bitcoin Core's test files: numbers, 0x… as raw bytes, 'text' as a push, opcode
 * names with or without OP_. Throws for what it does not know.
 */
export function parseScript(text: string): Uint8Array {
  const parts = text.split(/\s+/).filter((word) => word !== '');
  return concatBytes(...parts.map(parseWord));
}

function parseWord(word: string): Uint8Array {
  if (/^-?\d+$/.test(word)) return pushNumber(BigInt(word));
  if (/^0x([0-9a-fA-F]{2})+$/.test(word)) return fromHex(word.slice(2));
  if (word.startsWith("'") && word.endsWith("'")) return pushData(asciiBytes(word.slice(1, -1)));
  const name = word.startsWith('OP_') ? word : `OP_${word}`;
  const aliases: Record<string, number> = { OP_NOP2: 0xb1, OP_NOP3: 0xb2 };
  const code = aliases[name] ?? (OP as Record<string, number>)[name];
  if (code === undefined) throw new Error(`unknown word in script: ${word}`);
  return Uint8Array.of(code);
}

/** Flags from "P2SH,WITNESS" as in the test files; "" and "NONE" are none. Throws for unknown names. */
export function parseFlags(text: string): number {
  let flags = 0;
  for (const name of text.split(',')) {
    if (name === '' || name === 'NONE') continue;
    const flag = (SCRIPT_FLAGS as Record<string, number>)[name];
    if (flag === undefined) throw new Error(`unknown flag ${name}`);
    flags |= flag;
  }
  return flags;
}

export const ALL_FLAGS: number = Object.values(SCRIPT_FLAGS).reduce((all, flag) => all | flag, 0);
