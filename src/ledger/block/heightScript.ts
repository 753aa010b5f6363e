/** OP_1 … OP_16 follow this opcode. */
const OP_1_MINUS_1 = 0x50;

/**
 * The start of a coinbase script that BIP34 demands: the height pushed as Bitcoin Core's `CScript() << height` writes it
 * (OP_0, OP_1 … OP_16, then a minimal little-endian number).
 */
export function heightScript(height: number): Uint8Array {
  if (height === 0) return Uint8Array.of(0);
  if (height <= 16) return Uint8Array.of(OP_1_MINUS_1 + height);
  const number: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) number.push(rest % 256);
  // The top bit is the sign, so a number that needs it takes one byte more.
  if (((number.at(-1) as number) & 0x80) !== 0) number.push(0);
  return Uint8Array.of(number.length, ...number);
}
