/** Limits of Bitcoin Core's script.h. */
const MAX_ELEMENT_SIZE = 520;
const MAX_OPCODE = 0xb9;
const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA4 = 0x4e;
export const MAX_SCRIPT_SIZE = 10_000;

/**
 * The opcodes of a script without their data, or undefined when it holds an unknown opcode, a push above 520 bytes or one
 * that runs over the end (Bitcoin Core HasValidOps). Presentation only: what a script means is not judged here.
 */
export function validOpcodes(script: Uint8Array): readonly number[] | undefined {
  const opcodes: number[] = [];
  let at = 0;
  while (at < script.length) {
    const op = script[at++] as number;
    if (op > MAX_OPCODE) return undefined;
    opcodes.push(op);
    if (op > OP_PUSHDATA4) continue;
    let size = op;
    if (op >= OP_PUSHDATA1) {
      const bytes = 1 << (op - OP_PUSHDATA1);
      if (at + bytes > script.length) return undefined;
      size = 0;
      for (let i = bytes - 1; i >= 0; i--) size = size * 256 + (script[at + i] as number);
      at += bytes;
    }
    if (size > MAX_ELEMENT_SIZE || at + size > script.length) return undefined;
    at += size;
  }
  return opcodes;
}

/** An output that can never be spent: OP_RETURN first, or too long to run. */
export function isUnspendable(script: Uint8Array): boolean {
  return script[0] === 0x6a || script.length > MAX_SCRIPT_SIZE;
}

/** BIP342 OP_SUCCESSx up to the last opcode that validOpcodes lets through. */
function isOpSuccess(op: number): boolean {
  const ranges = [
    [80, 80],
    [98, 98],
    [126, 129],
    [131, 134],
    [137, 138],
    [141, 142],
    [149, 153],
  ] as const;
  return ranges.some(([from, to]) => op >= from && op <= to);
}

/** Whether decodescript shows wrapped forms of the script (Bitcoin Core's can_wrap, apart from the output type). */
export function isWorthWrapping(script: Uint8Array): boolean {
  return !isUnspendable(script) && validOpcodes(script)?.some(isOpSuccess) === false;
}
