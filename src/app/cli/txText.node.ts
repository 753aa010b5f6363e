import { readFileSync, statSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { decodeTx, type Tx } from '../../primitives/tx.ts';
import { decodeRawTx } from '../../rpc/rawTx.ts';
import { looksLikeScript } from '../../script/validOps.ts';
import { DecodeError } from '../../util/codec.ts';
import { fromHex, isHex } from '../../util/hex.ts';
import { EXIT, ExitError } from '../exit.ts';
import { fileError } from '../import/inputFile.node.ts';

/** A transaction of the largest weight, in hex, with room to spare. */
const MAX_TEXT = 1 << 25;
/** Longest piece of wrong input that a message repeats. */
const SHOWN = 40;

/** Text given as an argument: itself when `direct` says so, what a file holds, or standard input for "-". */
export async function textOf(argument: string, what: string, direct: (text: string) => boolean): Promise<string> {
  if (argument === '-') return (await readAll(process.stdin)).trim();
  if (direct(argument.trim())) return argument.trim();
  try {
    if (statSync(argument).size > MAX_TEXT)
      throw new ExitError(EXIT.usage, `${what}: ${argument} has more than ${MAX_TEXT} bytes`);
    return readFileSync(argument, 'utf8').trim();
  } catch (error) {
    if (error instanceof ExitError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENAMETOOLONG') throw fileError(argument, 'reading', error);
    const shown = argument.length <= SHOWN ? argument : `${argument.slice(0, SHOWN)}…`;
    throw new ExitError(EXIT.usage, `${what}: ${JSON.stringify(shown)} is neither the thing itself nor a file`);
  }
}

/** The transaction of an argument: hex, a file of hex, or "-". Throws ExitError (64). */
export async function txOf(argument: string, what: string): Promise<Tx> {
  const text = await textOf(argument, what, (given) => given !== '' && /^[0-9a-fA-F]+$/.test(given));
  if (text === '' || !isHex(text)) throw new ExitError(EXIT.usage, `${what}: not an even number of hex digits`);
  const tx = decodeRawTx(text, { witness: true, legacy: true, looksLikeScript });
  if (tx !== undefined) return tx;
  try {
    return decodeTx(fromHex(text));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new ExitError(EXIT.usage, `${what}: not a transaction: malformed: ${error.message}`);
  }
}
