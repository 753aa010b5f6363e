/**
 * Opcodes that make a tapscript succeed at once, whatever else it holds, so that soft forks can give them a meaning (BIP342):
 * 80, 98, 126–129, 131–134, 137–138, 141–142, 149–153 and 187–254.
 */
export function isOpSuccess(opcode: number): boolean {
  return (
    opcode === 80 ||
    opcode === 98 ||
    (opcode >= 126 && opcode <= 129) ||
    (opcode >= 131 && opcode <= 134) ||
    opcode === 137 ||
    opcode === 138 ||
    opcode === 141 ||
    opcode === 142 ||
    (opcode >= 149 && opcode <= 153) ||
    (opcode >= 187 && opcode <= 254)
  );
}
