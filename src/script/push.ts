import { concatBytes } from '../util/bytes.ts';
import type { Writer } from '../util/codec.ts';
import { ScriptCursor } from './cursor.ts';
import { encodeScriptNumber } from './number.ts';
import { OP } from './opcodes.ts';

/** What comes before `n` bytes of data in the shortest form of their push. */
function pushPrefix(n: number): Uint8Array {
  if (n < OP.OP_PUSHDATA1) return Uint8Array.of(n);
  if (n <= 0xff) return Uint8Array.of(OP.OP_PUSHDATA1, n);
  if (n <= 0xffff) return Uint8Array.of(OP.OP_PUSHDATA2, n & 0xff, n >>> 8);
  return Uint8Array.of(OP.OP_PUSHDATA4, n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24);
}

/** The script that pushes `data` with the shortest length form (Bitcoin Core's `CScript() << bytes`; never OP_1 … OP_16). */
export function pushData(data: Uint8Array): Uint8Array {
  return concatBytes(pushPrefix(data.length), data);
}

/** Writes pushData(data). */
export function writePush(w: Writer, data: Uint8Array): Writer {
  return w.put(pushPrefix(data.length)).put(data);
}

/** The script that pushes `n` (Bitcoin Core's `CScript() << n`): OP_0, OP_1NEGATE, OP_1 … OP_16, or its minimal bytes. BIP34 compares with it. */
export function pushNumber(n: bigint | number): Uint8Array {
  const value = Number(n);
  if (value === 0) return Uint8Array.of(OP.OP_0);
  if (value === -1 || (value >= 1 && value <= 16)) return Uint8Array.of(value + (OP.OP_1 - 1));
  return pushData(encodeScriptNumber(value));
}

/** True when `opcode` is the shortest way to push `data` (BIP62 rule 3; Bitcoin Core's CheckMinimalPush). */
export function isMinimalPush(data: Uint8Array, opcode: number): boolean {
  if (data.length === 0) return opcode === OP.OP_0;
  const first = data[0] as number;
  if (data.length === 1 && first >= 1 && first <= 16) return false;
  if (data.length === 1 && first === 0x81) return false;
  if (data.length <= 75) return opcode === data.length;
  if (data.length <= 255) return opcode === OP.OP_PUSHDATA1;
  return data.length <= 65535 ? opcode === OP.OP_PUSHDATA2 : true;
}

/** True when every opcode is a push (OP_RESERVED counts as one) and every push is complete. */
export function isPushOnly(script: Uint8Array): boolean {
  const cursor = new ScriptCursor(script);
  while (!cursor.atEnd) if (!cursor.next() || cursor.opcode > OP.OP_16) return false;
  return true;
}
