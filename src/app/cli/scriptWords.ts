import { OP } from '../../script/opcodes.ts';
import { pushData, pushNumber } from '../../script/push.ts';
import { concatBytes } from '../../util/bytes.ts';
import { fromHex, isHex } from '../../util/hex.ts';
import { nearest } from '../config/nearest.ts';
import { EXIT, ExitError } from '../exit.ts';

/** Other names under which opcodes are known. */
const ALIASES: Readonly<Record<string, number>> = {
  OP_FALSE: OP.OP_0,
  OP_TRUE: OP.OP_1,
  OP_NOP2: OP.OP_CHECKLOCKTIMEVERIFY,
  OP_NOP3: OP.OP_CHECKSEQUENCEVERIFY,
  OP_CLTV: OP.OP_CHECKLOCKTIMEVERIFY,
  OP_CSV: OP.OP_CHECKSEQUENCEVERIFY,
};
/** These announce bytes that follow; a push is written as its data. */
const NO_WORDS: readonly string[] = ['OP_PUSHDATA1', 'OP_PUSHDATA2', 'OP_PUSHDATA4', 'OP_INVALIDOPCODE'];
/** Numbers that fit the four bytes of script arithmetic; other digits are hex. */
const MAX_NUMBER = 0x7fffffff;

const encoder = new TextEncoder();

function opcodeOf(word: string): number | undefined {
  const upper = word.toUpperCase();
  const name = upper.startsWith('OP_') ? upper : `OP_${upper}`;
  if (NO_WORDS.includes(name)) return undefined;
  return ALIASES[name] ?? (OP as Readonly<Record<string, number>>)[name];
}

function wordBytes(word: string): Uint8Array | undefined {
  if (/^(0|-?[1-9]\d{0,9})$/.test(word) && Math.abs(Number(word)) <= MAX_NUMBER) return pushNumber(Number(word));
  if (/^0x([0-9a-f]{2})+$/i.test(word)) return fromHex(word.slice(2));
  if (/^<([0-9a-f]{2})*>$/i.test(word)) return pushData(fromHex(word.slice(1, -1)));
  if (word.length >= 2 && word.startsWith("'") && word.endsWith("'"))
    return pushData(encoder.encode(word.slice(1, -1)));
  const opcode = opcodeOf(word);
  if (opcode !== undefined) return Uint8Array.of(opcode);
  return isHex(word) && word !== '' ? pushData(fromHex(word)) : undefined;
}

/**
 * Bytes of a script as people write it: hex, or words: opcodes with or without OP_, decimal numbers, pushes as hex or
 * <hex> or 'text', and 0x… for bytes as they are. What Cairn and Bitcoin Core print as asm reads back as the same script,
 * but for pushes of five bytes whose hex looks like a number of four: ten decimal digits are taken as that number. One word of hex digits is the whole script. Throws ExitError (64) naming `what` and the word.
 */
export function parseScriptText(text: string, what: string): Uint8Array {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const [first = ''] = words;
  if (words.length <= 1 && isHex(first)) return fromHex(first);
  return concatBytes(
    ...words.map((word) => {
      const bytes = wordBytes(word);
      if (bytes !== undefined) return bytes;
      const like = nearest(word.toUpperCase(), Object.keys(OP));
      throw new ExitError(
        EXIT.usage,
        `${what}: ${JSON.stringify(word)} is no opcode, number, hex or 'text'${like === undefined ? '' : `; did you mean ${like}?`}`,
      );
    }),
  );
}
